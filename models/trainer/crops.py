"""Crops of the annotated objects: a detector's encoder is pre-trained on them, and classifiers learn from files of them."""
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision.transforms import v2
import torchvision.transforms.v2.functional as TF

from .cutouts import Cutout, paste, uniform
from .dataset import Photo, Sample, load
from .scenes import Augmentation, chance, pick, recolouring


class Crops(Dataset):
    """Square crops with one label each; label 0 is a place without objects. Asked for like Scenes' items."""

    def __init__(self, samples: list[Sample], cutouts: list[Cutout], augmentation: Augmentation, classes: int):
        self.samples, self.cutouts, self.augmentation, self.classes = samples, cutouts, augmentation, classes
        # Only where every object has a box can a place without one be told.
        self.exhaustive = [sample for sample in samples if not sample.unknown.any()] or samples
        self.objects = [(sample, box, label) for sample in samples
                        for box, label, weight in zip(sample.boxes, sample.labels.tolist(), sample.weights.tolist())
                        if weight == 1]
        self.recolour = recolouring()
        self.turn = v2.RandomApply([v2.RandomRotation(augmentation.rotation * 2, v2.InterpolationMode.BILINEAR,
                                                      fill=127)], p=0.5)

    def __getitem__(self, request: tuple[int, int, int]) -> tuple[torch.Tensor, int]:
        """To a crop [3, size, size] u8 RGB and its label. The request's photo number chooses the object."""
        seed, index, size = request
        torch.manual_seed(seed)
        if chance(1 / (self.classes + 1)):
            picture, label = self.background(size), 0
        elif self.cutouts and chance(0.5):
            cutout = self.cutouts[pick(len(self.cutouts))]
            canvas = np.array(self.background(size).permute(1, 2, 0).numpy(), order="C", copy=True)
            paste(canvas, cutout, (0.6, 1.0), self.augmentation.paste_angle)
            picture, label = torch.from_numpy(canvas).permute(2, 0, 1), cutout.label
        else:
            sample, box, label = self.objects[index % len(self.objects)]
            picture = self.turn(crop_around(sample.picture, box, uniform(0.8, 1.4), uniform(-0.1, 0.1),
                                            uniform(-0.1, 0.1), size))
            if chance(self.augmentation.quarter_turns):
                picture = torch.rot90(picture, 1 + pick(3), (1, 2))
        if chance(self.augmentation.flip):
            picture = TF.horizontal_flip(picture)
        return self.recolour(picture), label

    def background(self, size: int) -> torch.Tensor:
        """A place [3, size, size] that no object covers by much; after ten tries, whatever was looked at last."""
        for _ in range(10):
            sample = self.exhaustive[pick(len(self.exhaustive))]
            height, width = sample.picture.shape[1:]
            side = uniform(0.15, 0.5) * min(height, width)
            left, top = uniform(0, width - side), uniform(0, height - side)
            place = torch.tensor([[left, top, left + side, top + side]])
            covered = torch.cat([sample.boxes, sample.ignored])
            shared = torch.minimum(place[:, 2:], covered[:, 2:]) - torch.maximum(place[:, :2], covered[:, :2])
            if (shared.clamp(min=0).prod(1) < 0.1 * side * side).all():
                break
        return crop_around(sample.picture, place[0], 1, 0, 0, size)


def crop_around(picture: torch.Tensor, box: torch.Tensor, scale: float, right: float, down: float,
                size: int) -> torch.Tensor:
    """The surroundings [3, size, size] of a box, `scale` times as large and shifted by shares of its sides."""
    (x0, y0, x1, y1), (height, width) = box.tolist(), picture.shape[1:]
    centre_x, centre_y = (x0 + x1) / 2 + right * (x1 - x0), (y0 + y1) / 2 + down * (y1 - y0)
    half_width, half_height = scale * (x1 - x0) / 2, scale * (y1 - y0) / 2
    left, top = max(0, int(centre_x - half_width)), max(0, int(centre_y - half_height))
    wide = max(2, min(width, round(centre_x + half_width)) - left)
    high = max(2, min(height, round(centre_y + half_height)) - top)
    return TF.resized_crop(picture, top, left, high, wide, [size, size], antialias=True)


def centre_crops(samples: list[Sample], size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """All objects of some photos without any change, for validation: [N, 3, size, size] u8 and labels [N]."""
    crops = [(crop_around(sample.picture, box, 1.1, 0, 0, size), label) for sample in samples
             for box, label in zip(sample.boxes, sample.labels)]
    return torch.stack([crop for crop, _ in crops]), torch.stack([label for _, label in crops])


def write_crops(photos: list[Photo], classes: list[str], folder: Path, smallest: int, margin: float,
                most: int | None) -> dict[str, int]:
    """Writes the annotated objects as images for a classifier, CLASS/PHOTO-NUMBER.jpg, and returns how many of each class.

    `smallest`: the least side of a box in pixels; `margin`: what is shown is a square around the box so many times as large
    as its longer side, as far as the photo reaches; `most`: of a class, evenly spread over the photos.
    """
    found: dict[int, list[tuple[Photo, int]]] = {}
    for photo in photos:
        sides = (photo.boxes[:, 2:] - photo.boxes[:, :2]).amin(1)
        for number, (label, side, weight) in enumerate(zip(photo.labels.tolist(), sides.tolist(), photo.weights.tolist())):
            if side >= smallest and weight == 1:
                found.setdefault(label, []).append((photo, number))
    wanted: dict[int, list[tuple[int, int]]] = {}
    places = {id(photo): place for place, photo in enumerate(photos)}
    for label, objects in found.items():
        if most is not None and len(objects) > most:
            objects = [objects[index * len(objects) // most] for index in range(most)]
        for photo, number in objects:
            wanted.setdefault(places[id(photo)], []).append((number, label))
    counts = dict.fromkeys(classes, 0)
    for place in sorted(wanted):
        sample = load(photos[place])
        for number, label in wanted[place]:
            name = classes[label - 1]
            target = folder / name.replace("/", "_")
            target.mkdir(parents=True, exist_ok=True)
            stem = Path(photos[place].name).with_suffix("").as_posix().replace("/", "-")
            pixels = square_around(sample.picture, sample.boxes[number], margin)
            Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy()).save(target / f"{stem}-{number}.jpg", quality=92)
            counts[name] += 1
    return counts


def square_around(picture: torch.Tensor, box: torch.Tensor, margin: float) -> torch.Tensor:
    """The square around a box, as far as the image [3, H, W] has it."""
    (x0, y0, x1, y1), (height, width) = box.tolist(), picture.shape[1:]
    half = margin * max(x1 - x0, y1 - y0) / 2
    left, top = max(0, round((x0 + x1) / 2 - half)), max(0, round((y0 + y1) / 2 - half))
    right, bottom = min(width, round((x0 + x1) / 2 + half)), min(height, round((y0 + y1) / 2 + half))
    return picture[:, top:bottom, left:right]
