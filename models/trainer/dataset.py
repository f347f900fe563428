"""Photos with boxes: splitting them, and holding them decoded in memory. `sets.py` reads and checks them."""
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageOps

from trainer.annotations import DataError
from trainer.sets import listed, read_set


@dataclass
class Photo:
    """One photo. `boxes` [N, 4] are corners in pixels of the upright image, `labels` [N] count from 1. `name` is what
    lists of photos call it: its file's, with the directory where others have the same."""
    path: Path
    name: str
    size: tuple[int, int]                       # height, width
    boxes: torch.Tensor
    labels: torch.Tensor


@dataclass
class PhotoSet:
    """The photos of one annotation file, sorted by file name, and the names of its classes."""
    photos: list[Photo]
    classes: list[str]


def read_photo_set(folder: Path) -> PhotoSet:
    """Reads a set as `read_set` does, and prints what was skipped."""
    found = read_set(folder)
    for remark in found.remarks:
        print(f"{folder}: {remark}", flush=True)
    photos = [Photo(photo.path, photo.name, (int(photo.size.height), int(photo.size.width)),
                    torch.tensor(photo.boxes, dtype=torch.float32).reshape(-1, 4),
                    torch.tensor(photo.labels, dtype=torch.int64)) for photo in found.photos]
    return PhotoSet(photos, found.classes)


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
    """A decoded photo: `picture` [3, H, W] u8 RGB, `boxes` [N, 4] corners in its pixels, `labels` [N]."""
    picture: torch.Tensor
    boxes: torch.Tensor
    labels: torch.Tensor


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
    boxes = photo.boxes
    scale = (longest or max(photo.size)) / max(photo.size)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in photo.size]
        boxes = boxes * torch.tensor([size[1] / photo.size[1], size[0] / photo.size[0]]).repeat(2)
        picture = TF.resize(picture, size, antialias=True)
    return Sample(picture, boxes, photo.labels)
