"""Training images without objects: a covered lens, a bare wall, a dark room, a table with nothing on it."""
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.transforms import v2

from .cutouts import uniform
from .dataset import DataError

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp"}


def chance(probability: float) -> bool:
    return uniform(0, 1) < probability


def pick(count: int) -> int:
    return int(torch.randint(count, ()))


def random_values(*shape: int) -> np.ndarray:
    """Normally distributed numbers, from torch's generator as everything random here."""
    return torch.randn(*shape).numpy()


def colour() -> np.ndarray:
    """[3] in 0..255, grey more often than not: so are walls, lids and fog."""
    grey = uniform(0, 255)
    return np.full(3, grey, np.float32) if chance(0.5) else np.clip(grey + 60 * random_values(3), 0, 255)


def field(side: int, cells: int) -> np.ndarray:
    """Smooth random numbers [side, side] in 0..1, which vary over about 1/`cells` of the image."""
    grid = torch.rand(max(2, cells), max(2, cells)).numpy()
    return np.clip(cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1)


def blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first + (second - first) * share[..., None]


def stripes(side: int) -> np.ndarray:
    """Bands or boards in any direction [side, side] in 0..1, with hard or soft edges."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    angle, count = uniform(0, np.pi), uniform(2, 40)
    wave = np.sin(2 * np.pi * count * (x * np.cos(angle) + y * np.sin(angle)) + uniform(0, 6.28))
    if chance(0.3):
        wave = wave * np.sin(2 * np.pi * count * (y * np.cos(angle) - x * np.sin(angle)))
    return np.clip(0.5 + wave * uniform(0.5, 6), 0, 1).astype(np.float32)


def shapes(picture: np.ndarray) -> None:
    """Up to four plain rectangles and discs on it, in place: boards, lamps, windows, holes, sheets of paper."""
    side = picture.shape[0]
    for _ in range(1 + pick(4)):
        middle = (uniform(0, side), uniform(0, side))
        size = (uniform(0.05, 0.8) * side, uniform(0.05, 0.8) * side)
        if chance(0.6):
            corners = cv2.boxPoints((middle, size, uniform(0, 180)))
            cv2.fillConvexPoly(picture, corners.astype(np.int32), colour().tolist(), cv2.LINE_AA)
        else:
            cv2.ellipse(picture, (middle, size, uniform(0, 180)), colour().tolist(), -1, cv2.LINE_AA)


def drawn(side: int) -> np.ndarray:
    """An image [side, side, 3] u8 of a surface and light, with nothing on it that a detector is for."""
    picture = np.broadcast_to(colour(), (side, side, 3)).astype(np.float32).copy()
    if chance(0.75):
        kinds = (lambda: field(side, 2), lambda: field(side, 2 + pick(12)), lambda: field(side, 16 + pick(side // 3)),
                 lambda: stripes(side))
        picture = blend(picture, colour(), kinds[pick(len(kinds))]() * uniform(0.1, 1))
        if chance(0.3):
            shapes(picture)
        if chance(0.4):
            picture = cv2.GaussianBlur(picture, (0, 0), uniform(0.5, side / 16))
        if chance(0.3):
            picture *= uniform(0.2, 1) + field(side, 2)[..., None] * 0.8
    if chance(0.2):
        picture *= uniform(0.02, 0.3)
    if chance(0.5):
        grain = random_values(side, side, 3 if chance(0.5) else 1) * uniform(1, 40 if chance(0.7) else 120)
        picture += cv2.GaussianBlur(grain, (0, 0), 0.7).reshape(side, side, -1) if chance(0.4) else grain
    return np.clip(picture, 0, 255).astype(np.uint8)


class EmptyPictures:
    """Images without objects: drawn ones, and crops of photos that show none."""

    def __init__(self, folder: Path | None, longest: int):
        self.photos = read_photos(folder, longest) if folder else []
        self.crop = v2.RandomResizedCrop(1, scale=(0.15, 1), ratio=(0.5, 2), antialias=True)

    def picture(self, side: int) -> torch.Tensor:
        """[3, side, side] u8 RGB; half of them photos where there are any."""
        if self.photos and chance(0.5):
            self.crop.size = (side, side)
            return self.crop(self.photos[pick(len(self.photos))])
        return torch.from_numpy(drawn(side)).permute(2, 0, 1)


def read_photos(folder: Path, longest: int) -> list[torch.Tensor]:
    """All images below the directory, [3, H, W] u8, no side longer than `longest` pixels."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not files:
        raise DataError(f"{folder}: contains no images: name a directory of photos that show none of the objects")
    photos = []
    for file in files:
        try:
            decoded = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        except (OSError, Image.DecompressionBombError) as error:
            raise DataError(f"{file} is not an image that can be decoded: {error}") from error
        decoded.thumbnail((longest, longest))
        photos.append(v2.functional.pil_to_tensor(decoded))
    return photos
