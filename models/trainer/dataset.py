"""Photos with boxes: splitting them, packing them, and holding them decoded in memory. `sets.py` and `pack.py` read and
check them."""
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageOps

from . import pack
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
    id: int | str                               # in its annotation file
    size: tuple[int, int]                       # height, width
    boxes: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor
    ignored_labels: torch.Tensor
    unknown: torch.Tensor
    jpeg: bytes | None = None                   # of a photo in a pack, whose `path` is the pack's


@dataclass
class PhotoSet:
    """The photos of one annotation file, sorted by file name, the names of its classes and their ids in it."""
    photos: list[Photo]
    classes: list[str]
    category_ids: list[int | str]


def read_photo_set(data: Path, ignore_boxes: Path | None = None, soft_boxes: Path | None = None,
                   seen: Path | None = None) -> PhotoSet:
    """Reads a set as `read_set` does and prints what was skipped; or a pack."""
    if pack.is_pack(data):
        if ignore_boxes or soft_boxes or seen:
            raise DataError(f"{data} is a pack: name further boxes when it is made")
        packed, classes, category_ids = pack.read_pack(data)
        return PhotoSet([photo_of(photo, len(classes) + 1) for photo in packed], classes, category_ids)
    found = read_set(data, ignore_boxes, soft_boxes, seen)
    for remark in found.remarks:
        print(f"{data}: {remark}", flush=True)
    return PhotoSet([photo_of(photo, len(found.classes) + 1) for photo in found.photos], found.classes, found.category_ids)


def photo_of(photo: PhotoEntry | pack.Packed, classes: int) -> Photo:
    def corners(boxes: list[list[float]]) -> torch.Tensor:
        return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    is_packed = isinstance(photo, pack.Packed)
    size = (photo.height, photo.width) if is_packed else (int(photo.size.height), int(photo.size.width))
    return Photo(photo.file if is_packed else photo.path, photo.name, photo.id, size, corners(photo.boxes),
                 torch.tensor(photo.labels, dtype=torch.int64), torch.tensor(photo.weights, dtype=torch.float32),
                 corners(photo.ignored), torch.tensor(photo.ignored_labels, dtype=torch.int64),
                 unknown_classes(photo.unknown, classes), photo.jpeg if is_packed else None)


def packed_of(photo: Photo, size: int, quality: int, name: str, classes: list[int]) -> pack.Packed:
    """The photo with no side longer than `size` pixels. `classes`: the label in the pack of each class, from label 1 on; those
    of the pack that are not among them are unknown in the photo."""
    sample = load(photo, size)
    height, width = sample.picture.shape[1:]
    limit = torch.tensor([width, height, width, height], dtype=torch.float32)

    def kept(boxes: torch.Tensor) -> torch.Tensor:
        return (boxes[:, 2:] - boxes[:, :2] > 0.05).all(1)

    def renamed(labels: torch.Tensor) -> list[int]:
        return [classes[label - 1] for label in labels.tolist()]
    whole, some = kept(sample.boxes), kept(sample.ignored)
    unknown = [classes[label - 1] for label in sample.unknown.nonzero()[:, 0].tolist()]
    return pack.Packed(name, photo.id, width, height, pack.encoded(sample.picture, quality), photo.path,
                       boxes=sample.boxes[whole].minimum(limit).tolist(), labels=renamed(sample.labels[whole]),
                       weights=[round(weight, 4) for weight in sample.weights[whole].tolist()],
                       ignored=sample.ignored[some].minimum(limit).tolist(),
                       ignored_labels=renamed(sample.ignored_labels[some]), unknown=unknown)


def pack_sets(sets: list[PhotoSet], names: list[str], folder: Path, size: int, quality: int) -> list[Path]:
    """Packs the photos of several sets; classes of the same name are one, and those that a set lacks may go unboxed in it."""
    classes = list(dict.fromkeys(name for found in sets for name in found.classes))
    ids = [next(found.category_ids[found.classes.index(name)] for found in sets if name in found.classes) for name in classes]
    if len(set(ids)) < len(ids):
        ids = list(range(1, len(classes) + 1))
    photos = []
    for name, found in zip(names, sets):
        labels = [classes.index(own) + 1 for own in found.classes]
        absent = sorted(set(range(1, len(classes) + 1)) - set(labels))
        for photo in found.photos:
            packed = packed_of(photo, size, quality, f"{name}/{photo.name}" if len(sets) > 1 else photo.name, labels)
            packed.unknown = sorted({*packed.unknown, *absent})
            photos.append(packed)
    return pack.write_pack(folder, photos, classes, ids)


def split(photos: PhotoSet, validation: Path | None) -> tuple[list[Photo], list[Photo]]:
    """Photos for training and for validation: those that the text file `validation` lists, those of the set that it is, or
    else every fourth."""
    if validation is not None and (validation.is_dir() or validation.suffix.lower() in (".json", pack.ENDING)):
        other = read_photo_set(validation)
        if other.classes != photos.classes:
            raise DataError(f"{validation} has the classes {', '.join(other.classes)}, the set to learn from has "
                            f"{', '.join(photos.classes)}: both must have the same")
        return photos.photos, other.photos
    names = [photo.name for photo in photos.photos]
    chosen = set(names[::4]) if validation is None else listed(names, validation)
    training = [photo for photo in photos.photos if photo.name not in chosen]
    held_back = [photo for photo in photos.photos if photo.name in chosen]
    if not training or not held_back:
        raise DataError(f"{len(training)} photos remain for training and {len(held_back)} for validation: both need some")
    return training, held_back


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
    if photo.jpeg is not None:
        picture = pack.decoded(photo.jpeg, photo.name, photo.size, photo.path)
    else:
        picture = decoded(photo.path)
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


def decoded(path: Path) -> torch.Tensor:
    """The upright image [3, H, W] u8 RGB of a file."""
    try:
        # Cameras store images lying and note how to turn them; boxes are of the upright image.
        return TF.pil_to_tensor(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is not an image that can be decoded: {error}") from error
