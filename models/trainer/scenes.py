"""Makes training images: photos cropped, turned and recoloured, with further objects pasted into some of them."""
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from .cutouts import Cutout, paste
from .dataset import Sample
from .empty import EmptyPictures, chance, pick
from .targets import Targets, whole_images

IGNORED = -1                                    # the label of a region in which nothing is known


@dataclass(frozen=True)
class Augmentation:
    """How far training images may differ from the photos."""
    composed: float = 0.55                      # share of images that get pasted objects
    pasted: int = 4                             # pasted objects at most
    paste_angle: float = 45.0                   # degrees by which a pasted object is turned at most
    rotation: float = 8.0                       # degrees by which a photo is turned at most
    rotated: float = 0.3                        # share of photos that are turned
    flip: float = 0.5                           # share of images that are mirrored
    quarter_turns: float = 0.0                  # share of photos that are turned by 90, 180 or 270 degrees
    empty: float = 0.1                          # share of images without any object
    visible: float = 0.4                        # to this share an object must stay visible when it is cut or covered
    # Of batches that are composed on the device
    mosaic: float = 0.5                         # share of images put together of four photos
    zoomed: float = 0.7                         # share of the others that show their photo larger or smaller than it is
    zoom: float = 2.0                           # by this factor at most


def turned(picture: torch.Tensor, boxes: tv_tensors.BoundingBoxes,
           quarters: int) -> tuple[tv_tensors.Image, tv_tensors.BoundingBoxes]:
    """An image [3, H, W] and its boxes, turned counter-clockwise by quarters of a circle: no pixel is resampled, and a
    tight box stays tight."""
    height, width = picture.shape[1:]
    for _ in range(quarters):
        left, top, right, bottom = boxes.as_subclass(torch.Tensor).unbind(1)
        boxes = torch.stack([top, width - right, bottom, width - left], 1)
        height, width = width, height
    return tv_tensors.Image(torch.rot90(picture.as_subclass(torch.Tensor), quarters, (1, 2))), \
        tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width))


def recolouring() -> v2.Transform:
    """Photometric distortion. Mild in hue, since colour tells some objects apart."""
    return v2.Compose([v2.RandomApply([v2.ColorJitter(brightness=0.35, contrast=0.35, saturation=0.4)], p=0.8),
                       v2.RandomApply([v2.ColorJitter(hue=0.03)], p=0.2)])


@dataclass
class Scene:
    """An image [3, size, size] u8 RGB and what is known about it: boxes [N, 4] as corners in 0..1, labels [N], weights [N],
    regions to ignore [R, 4], and which classes [classes] may go unboxed."""
    picture: torch.Tensor
    boxes: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor
    unknown: torch.Tensor


class Scenes(Dataset):
    """Training images for the detector. An item is asked for by (seed, photo, size) and depends on nothing else."""

    def __init__(self, samples: list[Sample], cutouts: list[Cutout], augmentation: Augmentation,
                 empty: EmptyPictures | None = None):
        self.samples = samples
        self.empty = empty or EmptyPictures(None, 0)
        self.augmentation = augmentation
        self.by_label: dict[int, list[Cutout]] = {}
        for cutout in cutouts:
            self.by_label.setdefault(cutout.label, []).append(cutout)
        clean = v2.SanitizeBoundingBoxes(min_size=2, min_area=9, labels_getter=rows_of_boxes)
        turn = v2.RandomRotation(augmentation.rotation, v2.InterpolationMode.BILINEAR, fill=127)
        self.geometry = v2.Compose([v2.RandomApply([turn], p=augmentation.rotated),
                                    v2.RandomApply([v2.RandomIoUCrop()], p=0.7), clean])
        self.mirror = v2.RandomHorizontalFlip(augmentation.flip)
        self.clean, self.recolour = clean, recolouring()

    def __getitem__(self, request: tuple[int, int, int]) -> "Scene":
        seed, photo, size = request
        torch.manual_seed(seed)
        if chance(self.augmentation.empty):
            picture = self.recolour(self.mirror(tv_tensors.Image(self.empty.picture(size))))
            return Scene(picture.as_subclass(torch.Tensor), torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64),
                         torch.zeros(0), torch.zeros(0, 4), torch.zeros_like(self.samples[photo].unknown))
        sample = self.samples[photo]
        # Regions to ignore move with the photo as boxes do, with a label that no class has.
        boxes = tv_tensors.BoundingBoxes(torch.cat([sample.boxes, sample.ignored]), format="XYXY",
                                         canvas_size=sample.picture.shape[1:])
        regions = len(sample.ignored)
        scene = {"picture": tv_tensors.Image(sample.picture), "boxes": boxes,
                 "labels": torch.cat([sample.labels, torch.full((regions,), IGNORED)]),
                 "weights": torch.cat([sample.weights, torch.zeros(regions)])}
        if chance(self.augmentation.quarter_turns):
            scene["picture"], scene["boxes"] = turned(scene["picture"], scene["boxes"], 1 + pick(3))
        scene = self.geometry(scene)
        if self.by_label and chance(self.augmentation.composed):
            scene = self.compose(scene)
        scene = self.mirror(v2.Resize((size, size), antialias=chance(0.5))(scene))
        scene = self.recolour(self.clean(scene))
        boxes, labels = scene["boxes"].as_subclass(torch.Tensor) / size, scene["labels"]
        found = labels > 0
        return Scene(scene["picture"].as_subclass(torch.Tensor), boxes[found], labels[found], scene["weights"][found],
                     boxes[~found], sample.unknown)

    def compose(self, scene: dict) -> dict:
        """Pastes some objects; boxes of objects that get partly covered shrink to what remains visible."""
        # A copy in any case: decoders return images that lie in memory as [H, W, 3], and these are the photos held.
        picture = np.array(scene["picture"].permute(1, 2, 0).numpy(), order="C", copy=True)
        height, width = picture.shape[:2]
        masks, labels, weights = [], scene["labels"].tolist(), scene["weights"].tolist()
        for left, top, right, bottom in scene["boxes"].round().int().tolist():
            mask = np.zeros((height, width), bool)
            mask[top:bottom, left:right] = True
            masks.append(mask)
        boxes, areas = list(scene["boxes"].numpy()), [mask.sum() for mask in masks]
        for _ in range(1 + pick(self.augmentation.pasted)):
            classes = sorted(self.by_label)
            choices = self.by_label[classes[pick(len(classes))]]
            cutout = choices[pick(len(choices))]
            before = picture.copy()
            box, opaque = paste(picture, cutout, (0.15, 0.45), self.augmentation.paste_angle)
            remaining = [mask & ~opaque for mask in masks]
            if any(left.sum() < self.augmentation.visible * area for left, area in zip(remaining, areas)):
                picture = before
                continue
            for index, (left, mask) in enumerate(zip(remaining, masks)):
                if left.sum() < mask.sum():
                    boxes[index] = bounds(left)
            masks = [*remaining, opaque]
            boxes.append(box)
            labels.append(cutout.label)
            weights.append(1.0)
            areas.append(opaque.sum())
        return {"picture": tv_tensors.Image(torch.from_numpy(picture).permute(2, 0, 1)),
                "boxes": tv_tensors.BoundingBoxes(torch.from_numpy(np.array(boxes, np.float32).reshape(-1, 4)),
                                                  format="XYXY", canvas_size=(height, width)),
                "labels": torch.tensor(labels, dtype=torch.int64), "weights": torch.tensor(weights)}


def rows_of_boxes(scene: dict) -> tuple[torch.Tensor, ...]:
    """What loses a row with each box that is removed."""
    return scene["labels"], scene["weights"]


def bounds(mask: np.ndarray) -> np.ndarray:
    """The corners [4] of the smallest box around a mask's pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def collate(scenes: list[Scene]) -> tuple[torch.Tensor, Targets]:
    """A batch: images [B, 3, H, W] u8, and what is known about them."""
    columns = [[getattr(scene, field.name) for scene in scenes] for field in fields(Scene)]
    return torch.stack(columns[0]), whole_images(*columns[1:])
