"""Anchors, their matching to annotated boxes, and the loss of SSD (Liu et al., "SSD", 2016)."""
import functools
import math

import torch
import torch.nn.functional as F
from torchvision.models.detection._utils import BoxCoder, SSDMatcher
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

# The smallest anchor's side and the one after the largest level's, as shares of the image's.
PUBLISHED_SCALES = (0.1, 1.05)
ASPECT_RATIOS = [[2, 3]] * 5 + [[2]]
# The reciprocal variances 1/0.1 and 1/0.2; targets beyond the clip would overflow exp.
CODER = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0), bbox_xform_clip=math.log(1000.0))


@functools.lru_cache(maxsize=64)
def anchors_for(map_sizes: tuple[tuple[int, int], ...], scales: tuple[float, float] = PUBLISHED_SCALES,
                device: torch.device = torch.device("cpu")) -> torch.Tensor:
    """Anchors [A, 4] as corners in 0..1 for these map sizes (h, w): by level, then row, column, anchor.

    The levels' scales are evenly spaced between the two of `scales`.
    """
    steps = len(ASPECT_RATIOS)
    generator = DefaultBoxGenerator(
        ASPECT_RATIOS, scales=[scales[0] + (scales[1] - scales[0]) * k / steps for k in range(steps + 1)], clip=True)
    unit = ImageList(torch.empty(1, 3, 1, 1, device=device), [(1, 1)])
    return generator(unit, [torch.empty(1, 1, *size, device=device) for size in map_sizes])[0]


class Matcher:
    """Gives each anchor a label and box offsets.

    An anchor belongs to the box it overlaps most if the IoU is at least `positive`; each box also gets its best anchor
    (the later box wins). Labels: 0 background, -1 neither, for anchors with an IoU from `negative` to `positive`.
    """

    def __init__(self, positive: float = 0.5, negative: float = 0.4):
        self.matcher = SSDMatcher(positive)
        self.matcher.low_threshold = negative

    def __call__(self, anchors: torch.Tensor, boxes: torch.Tensor,
                 labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """anchors [A, 4] and boxes [G, 4] as corners in 0..1, labels [G] from 1; to labels [A] and offsets [A, 4]."""
        if len(boxes) == 0:
            return torch.zeros(len(anchors), dtype=torch.int64, device=anchors.device), torch.zeros_like(anchors)
        matches = self.matcher(box_iou(boxes, anchors))
        targets = labels[matches.clamp(min=0)]
        targets = targets.where(matches >= 0, torch.where(matches == SSDMatcher.BETWEEN_THRESHOLDS, -1, 0))
        return targets, CODER.encode_single(boxes[matches.clamp(min=0)], anchors)


def coverage(boxes: torch.Tensor, labels: torch.Tensor, anchors: torch.Tensor,
             positive: float = 0.5) -> dict[int, float]:
    """By label, the share of its boxes that some anchor overlaps with an IoU of at least `positive`.

    boxes [G, 4] and anchors [A, 4] are corners in 0..1, labels [G]. Boxes beyond that share are learnt from one anchor
    each, which fits them badly.
    """
    best = torch.cat([box_iou(part, anchors).amax(1) for part in boxes.split(256)])
    return {label: float((best[labels == label] >= positive).float().mean()) for label in labels.unique().tolist()}


def mined(logits: torch.Tensor, targets: torch.Tensor, ratio: int = 3, least: int = 3) -> torch.Tensor:
    """Which anchors [B, A] count for the classes: all positives and, per image, the `ratio` times as many
    background anchors that look least like background; `least` of them in an image without objects.

    logits [B, A, classes], targets [B, A].
    """
    positive = targets > 0
    with torch.no_grad():
        surprise = -F.log_softmax(logits, -1)[..., 0]
        surprise = surprise.masked_fill(targets != 0, -math.inf)
        rank = surprise.argsort(1, descending=True).argsort(1)
    wanted = (positive.sum(1, keepdim=True) * ratio).clamp(min=least)
    return positive | ((rank < wanted) & (targets == 0))


def detection_loss(logits: torch.Tensor, offsets: torch.Tensor, targets: torch.Tensor,
                   target_offsets: torch.Tensor, least: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Class loss and box loss, each summed over the anchors that count and divided by the number of positives.

    `least` is the number of anchors that count in an image without objects.
    """
    positive = targets > 0
    count = positive.sum().clamp(min=1)
    keep = mined(logits, targets, least=least)
    class_loss = F.cross_entropy(logits[keep], targets[keep], reduction="sum")
    box_loss = F.smooth_l1_loss(offsets[positive], target_offsets[positive], reduction="sum")
    return class_loss / count, box_loss / count
