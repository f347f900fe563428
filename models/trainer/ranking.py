"""Figures of classifiers and segmenters."""
import torch

from .squares import IGNORED


def top_shares(logits: torch.Tensor, wanted: torch.Tensor) -> dict[str, float]:
    """The shares of images whose class `wanted` [N] is the best of logits [N, classes], and among the five best."""
    order = logits.topk(min(5, logits.shape[1]), 1).indices
    hits = order == wanted[:, None]
    return {"top1": float(hits[:, 0].float().mean()), "top5": float(hits.any(1).float().mean())}


def confusion(found: torch.Tensor, wanted: torch.Tensor, classes: int) -> torch.Tensor:
    """[classes, classes], rows by `wanted`: how many pixels of each class were taken for each; none that is ignored."""
    known = wanted != IGNORED
    places = wanted[known].long() * classes + found[known].long()
    return torch.bincount(places, minlength=classes * classes).view(classes, classes)


def overlaps(counts: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each class, from pixels counted by `confusion`; NaN for one that neither is nor was found."""
    both = counts.diagonal().double()
    return both / (counts.sum(0) + counts.sum(1) - both)
