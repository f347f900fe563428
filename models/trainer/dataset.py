"""Photos with boxes: splitting them, and holding them decoded in memory. `sets.py` reads and checks them."""
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageOps

from .documents import DataError
from .sets import PhotoEntry, listed, read_set
from .targets import unknown_classes


@dataclass
class Photo:
    """One photo. `boxes` [N, 4] are corners in pixels of the upright image, `labels` [N] count from 1. `name` is what
    lists of photos call it: its file's, with the directory where others have the same.

    `weights` [N]: what each box counts. `ignored` [R, 4]: boxes within which nothing is known, `ignored_labels` [R] of
    what is not told apart there. `unknown` [classes] bool, background first: classes of which objects may lack a box.
    """
    path: Path
    name: str
    size: tuple[int, int]                       # height, width
    boxes: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor
    ignored_labels: torch.Tensor
    unknown: torch.Tensor


@dataclass
class PhotoSet:
    """The photos of one annotation file, sorted by file name, and the names of its classes."""
    photos: list[Photo]
    classes: list[str]


def read_photo_set(data: Path, ignore_boxes: Path | None = None, soft_boxes: Path | None = None) -> PhotoSet:
    """Reads a set as `read_set` does, and prints what was skipped."""
    found = read_set(data, ignore_boxes, soft_boxes)
    for remark in found.remarks:
        print(f"{data}: {remark}", flush=True)
    return PhotoSet([photo_of(photo, len(found.classes) + 1) for photo in found.photos], found.classes)


def photo_of(photo: PhotoEntry, classes: int) -> Photo:
    def corners(boxes: list[list[float]]) -> torch.Tensor:
        return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return Photo(photo.path, photo.name, (int(photo.size.height), int(photo.size.width)), corners(photo.boxes),
                 torch.tensor(photo.labels, dtype=torch.int64), torch.tensor(photo.weights, dtype=torch.float32),
                 corners(photo.ignored),
                 torch.tensor(photo.ignored_labels, dtype=torch.int64), unknown_classes(photo.unknown, classes))


def split(photos: list[Photo], names: Path | None) -> tuple[list[Photo], list[Photo]]:
    """Photos for training and for validation: those listed in the file `names`, or else every fourth."""
    chosen = {photo.name for photo in photos[::4]} if names is None else listed(photos, names)
    training = [photo for photo in photos if photo.name not in chosen]
    validation = [photo for photo in photos if photo.name in chosen]
    if not training or not validation:
        raise DataError(f"{len(training)} photos remain for training and {len(validation)} for validation: "
                        "both need some")
    return training, validation


@dataclass
class Sample:
    """A decoded photo: `picture` [3, H, W] u8 RGB, `boxes` [N, 4] and `ignored` [R, 4] corners in its pixels, the rest as
    of a Photo."""
    picture: torch.Tensor
    boxes: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor
    ignored_labels: torch.Tensor
    unknown: torch.Tensor


def load(photo: Photo, longest: int | None = None) -> Sample:
    """Decodes a photo, scaled down so that no side exceeds `longest` pixels."""
    try:
        # Cameras store images lying and note how to turn them; boxes are of the upright image.
        decoded = ImageOps.exif_transpose(Image.open(photo.path))
        picture = TF.pil_to_tensor(decoded.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{photo.path} is not an image that can be decoded: {error}") from error
    if tuple(picture.shape[1:]) != photo.size:
        raise DataError(f"{photo.path} is {picture.shape[2]}x{picture.shape[1]}, but its entry or its header says "
                        f"{photo.size[1]}x{photo.size[0]}: its boxes would be wrong")
    boxes, ignored = photo.boxes, photo.ignored
    scale = (longest or max(photo.size)) / max(photo.size)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in photo.size]
        factors = torch.tensor([size[1] / photo.size[1], size[0] / photo.size[0]]).repeat(2)
        boxes, ignored = boxes * factors, ignored * factors
        picture = TF.resize(picture, size, antialias=True)
    return Sample(picture, boxes, photo.labels, photo.weights, ignored, photo.ignored_labels,
                  photo.unknown)
