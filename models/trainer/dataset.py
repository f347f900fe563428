"""Photos with boxes in COCO's format: reading, checking, splitting, and holding them decoded in memory."""
import json
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageOps
from torchvision.ops import box_convert


class DataError(Exception):
    """Something about the user's files that the user can mend; the message says how."""


@dataclass
class Photo:
    """One photo. `boxes` [N, 4] are corners in pixels of the file's picture, `labels` [N] count from 1."""
    path: Path
    size: tuple[int, int]                       # height, width
    boxes: torch.Tensor
    labels: torch.Tensor


@dataclass
class PhotoSet:
    """The photos of one annotation file, sorted by file name, and the names of its classes."""
    photos: list[Photo]
    classes: list[str]


def read_photo_set(folder: Path) -> PhotoSet:
    """Reads FOLDER/annotations.json (COCO: x, y, w, h in pixels) over the pictures in FOLDER/images."""
    folder = Path(folder)
    file = folder / "annotations.json"
    if not file.is_file():
        raise DataError(f"{file} is missing: a set is a folder with images/ and annotations.json (COCO format)")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        pictures, annotations, categories = (content[key] for key in ("images", "annotations", "categories"))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} is not COCO JSON with images, annotations and categories: {error!r}") from error
    order = sorted(categories, key=lambda category: category["id"])
    if not order:
        raise DataError(f"{file} names no categories")
    label_of = {category["id"]: label for label, category in enumerate(order, start=1)}
    boxes_of: dict[int, list] = {picture["id"]: [] for picture in pictures}
    for annotation in annotations:
        about = f"{file}: annotation {annotation.get('id')}"
        if annotation["image_id"] not in boxes_of:
            raise DataError(f"{about} belongs to image_id {annotation['image_id']}, which `images` does not list")
        if annotation["category_id"] not in label_of:
            raise DataError(f"{about} has category_id {annotation['category_id']}, which `categories` does not list")
        if not annotation.get("iscrowd"):
            boxes_of[annotation["image_id"]].append(annotation)
    photos = [read_photo(folder / "images" / picture["file_name"], picture, boxes_of[picture["id"]], label_of)
              for picture in sorted(pictures, key=lambda picture: picture["file_name"])]
    if not photos:
        raise DataError(f"{file} lists no images")
    return PhotoSet(photos, [category["name"] for category in order])


def read_photo(path: Path, picture: dict, annotations: list, label_of: dict[int, int]) -> Photo:
    """Checks one picture's entry. Boxes may stick out by a pixel of rounding, not more."""
    if not path.is_file():
        raise DataError(f"{path} is missing, though annotations.json names it: add the picture or remove its entry")
    width, height = picture["width"], picture["height"]
    for annotation in annotations:
        x, y, w, h = annotation["bbox"]
        if w <= 0 or h <= 0 or x < -1 or y < -1 or x + w > width + 1 or y + h > height + 1:
            raise DataError(f"{path}: box {annotation['bbox']} (annotation {annotation.get('id')}) is empty or outside "
                            f"the picture of {width}x{height}: boxes are [x, y, width, height] in pixels")
    boxes = torch.tensor([a["bbox"] for a in annotations], dtype=torch.float32).reshape(-1, 4)
    boxes = box_convert(boxes, "xywh", "xyxy")
    boxes[:, 0::2].clamp_(0, width)
    boxes[:, 1::2].clamp_(0, height)
    labels = torch.tensor([label_of[a["category_id"]] for a in annotations], dtype=torch.int64)
    return Photo(path, (height, width), boxes, labels)


def split(photos: list[Photo], names: Path | None) -> tuple[list[Photo], list[Photo]]:
    """Photos for training and for validation: those listed in the file `names`, or else every fourth."""
    if names is None:
        chosen = {photo.path.name for photo in photos[::4]}
    else:
        try:
            chosen = set(Path(names).read_text(encoding="utf-8").split("\n")) - {""}
        except OSError as error:
            raise DataError(f"cannot read the list of validation photos: {error}") from error
        unknown = chosen - {photo.path.name for photo in photos}
        if unknown:
            raise DataError(f"{names} lists {sorted(unknown)[0]}, which is not among the photos of this set")
    training = [photo for photo in photos if photo.path.name not in chosen]
    validation = [photo for photo in photos if photo.path.name in chosen]
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
        decoded = Image.open(photo.path)
        # Cameras store pictures lying and note how to turn them; most tools annotate them turned.
        if decoded.size == photo.size:
            decoded = ImageOps.exif_transpose(decoded)
        picture = TF.pil_to_tensor(decoded.convert("RGB"))
    except OSError as error:
        raise DataError(f"{photo.path} is not a picture that can be decoded: {error}") from error
    if tuple(picture.shape[1:]) != photo.size:
        raise DataError(f"{photo.path} is {picture.shape[2]}x{picture.shape[1]}, but annotations.json says "
                        f"{photo.size[1]}x{photo.size[0]}: its boxes would be wrong")
    boxes = photo.boxes
    scale = (longest or max(photo.size)) / max(photo.size)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in photo.size]
        boxes = boxes * torch.tensor([size[1] / photo.size[1], size[0] / photo.size[0]]).repeat(2)
        picture = TF.resize(picture, size, antialias=True)
    return Sample(picture, boxes, photo.labels)
