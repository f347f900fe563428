"""Images with masks that tell what each pixel shows: images/ and masks/, PNGs of the same names, and labels.txt."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .dataset import decoded
from .documents import DataError
from .evaluation import resized
from .folders import images_in
from .sets import listed
from .squares import IGNORED, square


@dataclass
class MaskedImages:
    """`names` of image files in images/. A mask's pixel has the number of its class, or IGNORED."""
    folder: Path
    classes: list[str]
    names: list[str]

    def chosen(self, names: list[str]) -> "MaskedImages":
        return MaskedImages(self.folder, self.classes, names)

    def one(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """An image [3, H, W] u8 and its mask [H, W] u8."""
        picture = decoded(self.folder / "images" / name)
        file = mask_of(self.folder, name)
        mask = decoded_mask(file)
        if mask.shape != picture.shape[1:]:
            raise DataError(f"{file} is {mask.shape[1]}x{mask.shape[0]}, but the image is "
                            f"{picture.shape[2]}x{picture.shape[1]}: both must have the same size")
        values = mask[mask != IGNORED]
        if len(values) and int(values.max()) >= len(self.classes):
            raise DataError(f"{file} has the value {int(values.max())}, but labels.txt names {len(self.classes)} classes, "
                            f"from 0 on; {IGNORED} is what nothing is known about")
        return picture, mask

    def squares(self, side: int) -> tuple[torch.Tensor, torch.Tensor]:
        """[N, 3, side, side] and [N, side, side] u8."""
        pictures = torch.empty(len(self.names), 3, side, side, dtype=torch.uint8)
        masks = torch.empty(len(self.names), side, side, dtype=torch.uint8)
        for number, name in enumerate(self.names):
            picture, mask = self.one(name)
            pictures[number] = square(picture, side)
            masks[number] = F.interpolate(mask[None, None].float(), (side, side), mode="nearest-exact")[0, 0]
        return pictures, masks

    def to_judge(self, size: int, network: str) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Images [N, 3, size, size] u8 as swiftlet scales them, and masks [H, W] u8 of their own sizes."""
        pictures, masks = torch.empty(len(self.names), 3, size, size, dtype=torch.uint8), []
        for number, name in enumerate(self.names):
            picture, mask = self.one(name)
            pictures[number] = resized(picture, size, network)
            masks.append(mask)
        return pictures, masks


def mask_of(folder: Path, name: str) -> Path:
    return (folder / "masks" / name).with_suffix(".png")


def decoded_mask(file: Path) -> torch.Tensor:
    """[H, W] u8: the values of a PNG with one channel; of one with a palette its indices."""
    try:
        with Image.open(file) as image:
            if image.mode not in ("L", "P", "1"):
                raise DataError(f"{file} is of the mode {image.mode}: a mask is a PNG with one channel of 8 bits, the number "
                                "of a class in each pixel")
            return torch.from_numpy(np.array(image).astype(np.uint8))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{file} is not an image that can be decoded: {error}") from error


def read_masked_images(folder: Path, classes: list[str] | None = None) -> MaskedImages:
    """`classes`: those that labels.txt must name."""
    for name in ("images", "masks"):
        if not (folder / name).is_dir():
            raise DataError(f"{folder / name} is missing: a set to segment has images/, masks/ with a PNG for each image, and "
                            "labels.txt")
    labels = folder / "labels.txt"
    if not labels.is_file():
        raise DataError(f"{labels} is missing: write the name of a mask's value into each line, that of 0 first")
    own = [line.strip() for line in labels.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if not 2 <= len(own) <= IGNORED:
        raise DataError(f"{labels}: names {len(own)} classes: from 2 to {IGNORED} are expected")
    if classes is not None and own != classes:
        raise DataError(f"{folder} has the classes {', '.join(own)}, the set to learn from has {', '.join(classes)}: both must "
                        "have the same")
    names = [file.name for file in images_in(folder / "images")]
    if not names:
        raise DataError(f"{folder / 'images'}: contains no images")
    if missing := next((name for name in names if not mask_of(folder, name).is_file()), None):
        raise DataError(f"{mask_of(folder, missing)} is missing: each image needs a mask, all of {IGNORED} where nothing is "
                        "known")
    return MaskedImages(folder, own, names)


def split_masked(data: Path, validation: Path | None) -> tuple[MaskedImages, MaskedImages]:
    """Images for training and for validation: those of another set, those that a text file lists, or else every fourth."""
    found = read_masked_images(data)
    if validation is not None and validation.is_dir():
        return found, read_masked_images(validation, found.classes)
    held_back = set(found.names[::4]) if validation is None else listed(found.names, validation)
    parts = [found.chosen([name for name in found.names if (name in held_back) == wanted]) for wanted in (False, True)]
    if not all(part.names for part in parts):
        raise DataError(f"{len(parts[0].names)} images remain for training and {len(parts[1].names)} for validation: both "
                        "need some")
    return parts[0], parts[1]
