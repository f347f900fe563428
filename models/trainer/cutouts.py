"""Cuts annotated objects out of photos and pastes them, turned and tilted, onto other images."""
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.ops import box_iou

from .dataset import DataError, Sample


@dataclass
class Cutout:
    """An object: `pixels` [h, w, 4] u8 (RGB and opacity), its outline [M, 2] in pixels (x, y), its label."""
    pixels: np.ndarray
    outline: np.ndarray
    label: int


def cut_out(sample: Sample, smallest: int = 24) -> list[Cutout]:
    """The objects of a photo that no other box touches, each separated from its surroundings by GrabCut. Boxes that count
    less than 1 are left where they are."""
    found = []
    picture = np.ascontiguousarray(sample.picture.permute(1, 2, 0).numpy())
    touches = box_iou(sample.boxes, sample.boxes).fill_diagonal_(0).amax(1) if len(sample.boxes) else []
    for box, label, weight, overlap in zip(sample.boxes.round().int().tolist(), sample.labels.tolist(),
                                           sample.weights.tolist(), touches):
        left, top, right, bottom = box
        if weight < 1 or overlap > 0.01 or min(right - left, bottom - top) < smallest:
            continue
        crop = picture[top:bottom, left:right]
        opacity = object_mask(picture, box)
        contours, _ = cv2.findContours(opacity, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outline = cv2.convexHull(np.concatenate(contours))[:, 0].astype(np.float32)
        found.append(Cutout(np.dstack([crop, cv2.GaussianBlur(opacity, (3, 3), 0)]), outline, label))
    return found


def read_objects(folder: Path, classes: list[str]) -> list[Cutout]:
    """Images of single objects, transparent around them, from directories that are named as their class."""
    found = []
    for part in sorted(part for part in folder.iterdir() if part.is_dir()) if folder.is_dir() else []:
        if part.name not in classes:
            raise DataError(f"{part}: annotations.json has no class of that name; it has {', '.join(classes)}")
        for file in sorted(part.glob("*.png")):
            pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4 or not pixels[..., 3].any():
                raise DataError(f"{file}: a PNG with a transparent background is needed")
            contours, _ = cv2.findContours(pixels[..., 3], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            outline = cv2.convexHull(np.concatenate(contours))[:, 0].astype(np.float32)
            found.append(Cutout(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA), outline, classes.index(part.name) + 1))
    if not found:
        raise DataError(f"{folder}: no PNG in it; one directory per class is expected, named as the class")
    return found


def mixed(cut: list[Cutout], own: list[Cutout], share: float) -> list[Cutout]:
    """Both together, `own` repeated where they are few, so that about `share` of what is pasted are those."""
    return cut + own * max(1, round(share * len(cut) / (1 - share) / len(own))) if own else cut


def object_mask(picture: np.ndarray, box: list[int], margin: float = 0.15) -> np.ndarray:
    """Opacity [h, w] u8 of the object in a box: GrabCut told that all outside the box is background.

    Where that finds less than half of the box, or nothing that spans it, the whole box counts as the object.
    """
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    x0, y0 = max(0, int(left - margin * width) - 2), max(0, int(top - margin * height) - 2)
    x1 = min(picture.shape[1], int(right + margin * width) + 2)
    y1 = min(picture.shape[0], int(bottom + margin * height) + 2)
    around = np.ascontiguousarray(picture[y0:y1, x0:x1])
    mask = np.full(around.shape[:2], cv2.GC_BGD, np.uint8)
    inside = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    mask[inside] = cv2.GC_PR_FGD
    whole = np.full((height, width), 255, np.uint8)
    if mask.size - width * height < 64:
        return whole
    cv2.setRNGSeed(0)
    cv2.grabCut(around, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    found = np.isin(mask[inside], (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    parts, ids, stats, _ = cv2.connectedComponentsWithStats(found)
    if parts < 2:
        return whole
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    contours, _ = cv2.findContours((ids == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = cv2.drawContours(np.zeros_like(whole), contours, -1, 255, cv2.FILLED)
    _, _, spanned_width, spanned_height = cv2.boundingRect(filled)
    if (filled > 0).mean() < 0.5 or spanned_width < 0.9 * width or spanned_height < 0.9 * height:
        return whole
    return filled


def uniform(low: float, high: float) -> float:
    """A random number from torch's generator, which alone decides what a sample looks like."""
    return float(torch.empty(()).uniform_(low, high))


def paste(picture: np.ndarray, cutout: Cutout, relative_size: tuple[float, float], angle: float,
          tilt: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """Pastes an object into `picture` [H, W, 3] u8, in place, somewhere where it fits entirely.

    `relative_size` bounds the square root of the object's share of the image. Returns the new box [4] as corners in
    pixels, which bounds the turned outline, and where the object is opaque [H, W] bool.
    """
    height, width = picture.shape[:2]
    h, w = cutout.pixels.shape[:2]
    scale = uniform(*relative_size) * math.sqrt(height * width / (h * w))
    turn = math.radians(uniform(-angle, angle))
    rotation = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    tilted = corners + np.array([[uniform(-tilt, tilt) * w, uniform(-tilt, tilt) * h] for _ in range(4)])
    moved = ((tilted - [w / 2, h / 2]) @ rotation.T).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    outline = cv2.perspectiveTransform(cutout.outline[None], matrix)[0]
    low, high = outline.min(0), outline.max(0)
    fit = min(1.0, 0.98 * width / (high[0] - low[0]), 0.98 * height / (high[1] - low[1]))
    low, high = low * fit, high * fit
    shift = [uniform(-low[0], width - high[0]), uniform(-low[1], height - high[1])]
    matrix = np.array([[fit, 0, shift[0]], [0, fit, shift[1]], [0, 0, 1]]) @ matrix
    box = np.array([low[0] + shift[0], low[1] + shift[1], high[0] + shift[0], high[1] + shift[1]], np.float32)
    # Only the part of the image around the object is warped and blended.
    x0, y0 = np.maximum(np.floor(box[:2]).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(box[2:]).astype(int) + 1, [width, height])
    matrix = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ matrix
    warped = cv2.warpPerspective(cutout.pixels, matrix, (int(x1 - x0), int(y1 - y0)),
                                 flags=cv2.INTER_AREA if scale * fit < 0.5 else cv2.INTER_LINEAR)
    opacity = warped[..., 3:].astype(np.float32) / 255
    light = uniform(0.7, 1.2)
    region = picture[y0:y1, x0:x1]
    blended = region * (1 - opacity) + np.clip(warped[..., :3] * light, 0, 255) * opacity
    region[:] = blended.astype(np.uint8)
    opaque = np.zeros((height, width), bool)
    opaque[y0:y1, x0:x1] = opacity[..., 0] > 0.5
    return box, opaque
