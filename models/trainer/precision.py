"""COCO's average precision, as pycocotools computes it, with NumPy alone.

Counted per class over the photos in which it is exhaustive. A region to ignore (COCO's crowd) of the class is neither hit
nor miss: as many detections as lie within it drop out.
"""
from dataclasses import dataclass

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MOST = 100                                      # detections of a class in a photo


@dataclass
class Judged:
    """What a photo has and what was found in it: corners in the same unit, labels from 1; `exhaustive` [classes + 1] bool."""
    boxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    ignored_labels: np.ndarray
    exhaustive: np.ndarray
    found: np.ndarray
    scores: np.ndarray
    found_labels: np.ndarray


def shares(found: np.ndarray, boxes: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU [D, G]; with a crowd, the share of the detection that lies within."""
    low = np.maximum(found[:, None, :2], boxes[None, :, :2])
    high = np.minimum(found[:, None, 2:], boxes[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)
    own, other = (found[:, 2:] - found[:, :2]).prod(1)[:, None], (boxes[:, 2:] - boxes[:, :2]).prod(1)[None]
    return common / np.maximum(np.where(crowd[None], own, own + other - common), 1e-12)


def judged_photo(photo: Judged, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Scores [D] of a class's detections, whether each is a hit and whether it drops out [T, D], and how many objects there
    are."""
    mine = np.flatnonzero(photo.found_labels == label)
    mine = mine[np.argsort(-photo.scores[mine], kind="stable")][:MOST]
    own, regions = photo.boxes[photo.labels == label], photo.ignored[photo.ignored_labels == label]
    crowd = np.arange(len(own) + len(regions)) >= len(own)
    iou = shares(photo.found[mine], np.concatenate([own, regions]), crowd)
    hits = np.zeros((len(THRESHOLDS), len(mine)), bool)
    drops = np.zeros_like(hits)
    free = np.ones((len(THRESHOLDS), len(own)), bool)
    every = np.arange(len(THRESHOLDS))
    for index in range(len(mine)):
        if len(own):
            # The last of equals, as pycocotools takes it.
            fitting = np.where(free, iou[index, :len(own)], -1.0)[:, ::-1]
            best = len(own) - 1 - fitting.argmax(1)
            hits[:, index] = fitting.max(1) >= THRESHOLDS - 1e-10
            free[every[hits[:, index]], best[hits[:, index]]] = False
        if len(regions):
            drops[:, index] = ~hits[:, index] & (iou[index, len(own):].max() >= THRESHOLDS - 1e-10)
    return photo.scores[mine], hits, drops, len(own)


def class_precision(photos: list[Judged], label: int) -> np.ndarray | None:
    """AP at each of the ten thresholds; None for a class without objects."""
    parts = [judged_photo(photo, label) for photo in photos if photo.exhaustive[label]]
    objects = sum(part[3] for part in parts)
    if not objects:
        return None
    order = np.argsort(-np.concatenate([part[0] for part in parts]), kind="stable")
    hits, drops = (np.concatenate([part[index] for part in parts], 1)[:, order] for index in (1, 2))
    figures = np.zeros(len(THRESHOLDS))
    for number in range(len(THRESHOLDS)):
        hit, miss = np.cumsum(hits[number]), np.cumsum(~hits[number] & ~drops[number])
        precision = np.maximum.accumulate((hit / np.maximum(hit + miss, np.spacing(1)))[::-1])[::-1]
        place = np.searchsorted(hit / objects, RECALLS, side="left")
        figures[number] = np.where(place < len(precision), np.append(precision, 0)[np.minimum(place, len(precision))], 0).mean()
    return figures


def average_precisions(photos: list[Judged], classes: int) -> list[np.ndarray | None]:
    """Per class, from label 1 on, AP at each of the ten thresholds; None for a class without objects."""
    return [class_precision(photos, label) for label in range(1, classes + 1)]


def means(figures: list[np.ndarray | None]) -> dict[str, float]:
    """COCO's two figures: AP over IoU 0.5 to 0.95 and AP50, means over the classes that have objects."""
    known = [row for row in figures if row is not None]
    if not known:
        return {"ap": 0.0, "ap50": 0.0}
    return {"ap": float(np.mean([row.mean() for row in known])), "ap50": float(np.mean([row[0] for row in known]))}
