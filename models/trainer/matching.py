"""Anchors, their matching to annotated boxes, and the loss of SSD (Liu et al., "SSD", 2016), for whole batches."""
import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from .targets import Targets

# The smallest anchor's side and the one after the largest level's, as shares of the image's.
PUBLISHED_SCALES = (0.1, 1.05)
ASPECT_RATIOS = [[2, 3]] * 5 + [[2]]
# The reciprocal variances 1/0.1 and 1/0.2; targets beyond the clip would overflow exp.
CODER = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0), bbox_xform_clip=math.log(1000.0))
# An anchor that lies in an ignored region by this share teaches no background, and a part of an image that has this share
# of an anchor has a say in what the anchor can be.
IGNORED_SHARE = 0.5
PART_SHARE = 0.1


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


@dataclass
class Matched:
    """What the anchors of B images have to learn.

    labels [B, A]: a class, 0 background, -1 nothing. offsets [B, A, 4]: of the box, where there is one. weights [B, A]:
    what the anchor counts. unknown [B, A, classes] bool: classes of which a background anchor may be an object.
    soft [B, A, classes]: probabilities that a teacher gives the classes; zeros where `labels` and `weights` say all.
    """
    labels: torch.Tensor
    offsets: torch.Tensor
    weights: torch.Tensor
    unknown: torch.Tensor
    soft: torch.Tensor | None = None

    def count(self) -> torch.Tensor:
        """The sum of the weights of the anchors with objects, which losses are divided by."""
        return (self.weights * (self.labels > 0)).sum()


def overlaps(boxes: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """Areas [B, G, A] that boxes [B, G, 4] and anchors [A, 4], or others of each image [B, A, 4], have in common."""
    anchors = anchors.unsqueeze(-3)
    low = torch.maximum(boxes[:, :, None, :2], anchors[..., :2])
    high = torch.minimum(boxes[:, :, None, 2:], anchors[..., 2:])
    return (high - low).clamp(min=0).prod(-1)


def areas(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


@torch.no_grad()
def match(anchors: torch.Tensor, targets: Targets, positive: float = 0.5, negative: float = 0.4) -> Matched:
    """Gives each anchor [A, 4] a label and box offsets.

    An anchor belongs to the box it overlaps most if the IoU is at least `positive`; each box also gets its best anchor
    (the later box wins). Labels: 0 background; -1 neither, for anchors with an IoU from `negative` to `positive`, and for
    background in an ignored region.
    """
    shared, size = overlaps(targets.boxes, anchors), areas(anchors)
    valid = targets.labels > 0
    iou = shared / (areas(targets.boxes)[..., None] + size - shared).clamp(min=1e-12)
    iou = iou.masked_fill(~valid[..., None], -1.0)
    best, box = iou.max(1)
    number = torch.arange(1, valid.shape[1] + 1, device=valid.device)
    # 0 where an anchor is no box's best one, else 1 + the number of the last box that it is the best of.
    forced = torch.zeros_like(box).scatter_reduce(1, iou.argmax(2), number * valid, "amax")
    box = torch.where(forced > 0, forced - 1, box)
    has_object = (forced > 0) | (best >= positive)
    lies_within = overlaps(targets.ignored, anchors).amax(1) >= IGNORED_SHARE * size
    nothing = (best >= negative) | lies_within
    labels = torch.where(has_object, targets.labels.gather(1, box), torch.where(nothing, -1, 0))
    weights = torch.where(has_object, targets.weights.gather(1, box), 1.0)
    offsets = encoded(targets.boxes.gather(1, box[..., None].expand(-1, -1, 4)), anchors)
    has_say = (overlaps(targets.parts, anchors) > PART_SHARE * size).to(offsets.dtype)
    unknown = has_say.transpose(1, 2) @ targets.unknown.to(offsets.dtype) > 0
    return Matched(labels, torch.where(has_object[..., None], offsets, 0.0), weights, unknown)


def encoded(boxes: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """Offsets [B, A, 4] from anchors [A, 4] to boxes [B, A, 4]: what CODER decodes."""
    sides = anchors[:, 2:] - anchors[:, :2]
    moves = ((boxes[..., :2] + boxes[..., 2:]) / 2 - (anchors[:, :2] + anchors[:, 2:]) / 2) / sides
    growth = ((boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-6) / sides).log()
    return torch.cat([moves * CODER.weights[0], growth * CODER.weights[2]], -1)


def coverage(boxes: torch.Tensor, labels: torch.Tensor, anchors: torch.Tensor,
             positive: float = 0.5) -> dict[int, float]:
    """By label, the share of its boxes that some anchor overlaps with an IoU of at least `positive`.

    boxes [G, 4] and anchors [A, 4] are corners in 0..1, labels [G]. Boxes beyond that share are learnt from one anchor
    each, which fits them badly.
    """
    best = torch.cat([box_iou(part, anchors).amax(1) for part in boxes.split(256)])
    return {label: float((best[labels == label] >= positive).float().mean()) for label in labels.unique().tolist()}


def known_logits(logits: torch.Tensor, matched: Matched) -> torch.Tensor:
    """Logits [B, A, classes] without the unknown classes of background anchors, which become a probability of 0.

    Where a class is not exhaustive, a place without a box shows "not one of the other classes"; of that class it shows
    nothing. Given that the anchor is none of the unknown classes N, the softmax over all classes becomes the one over the
    classes outside N: p(k | not N) = exp(z_k) / sum over j outside N of exp(z_j). Its cross-entropy for background does
    not depend on the logits in N, so that no gradient pushes them down (or up), while all others are taught as ever. An
    anchor that has a box is that box's class in any case: its softmax stays whole.
    """
    return logits.masked_fill(matched.unknown & (matched.labels == 0)[..., None], torch.finfo(logits.dtype).min)


def mined(logits: torch.Tensor, labels: torch.Tensor, ratio: int = 3, least: int = 3) -> torch.Tensor:
    """Which anchors [B, A] count for the classes: all positives and, per image, the `ratio` times as many
    background anchors that look least like background; `least` of them in an image without objects.

    logits [B, A, classes], labels [B, A].
    """
    positive = labels > 0
    with torch.no_grad():
        surprise = -F.log_softmax(logits, -1)[..., 0]
        order = surprise.masked_fill(labels != 0, -math.inf).argsort(1, descending=True)
        rank = torch.empty_like(order).scatter_(1, order, torch.arange(order.shape[1], device=order.device)
                                                .expand_as(order))
    wanted = (positive.sum(1, keepdim=True) * ratio).clamp(min=least)
    return positive | ((rank < wanted) & (labels == 0))


def detection_sums(logits: torch.Tensor, offsets: torch.Tensor, matched: Matched, least: int = 3,
                   smoothing: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Class loss and box loss, each summed over the anchors that count, by their weights.

    logits [B, A, classes] and offsets [B, A, 4] are the network's. `least` is the number of anchors that count in an image
    without objects, `smoothing` the part of a label that all classes share which may be there. Shapes do not depend on what
    is in the batch, so that a compiled step fits all of them.
    """
    logits, positive = known_logits(logits.float(), matched), matched.labels > 0
    keep = mined(logits, matched.labels, least=least)
    losses = F.cross_entropy(logits.flatten(0, 1), matched.labels.clamp(min=0).flatten(), reduction="none")
    losses = losses.view_as(matched.weights)
    if smoothing > 0:
        shares, known = logits.log_softmax(-1), logits > torch.finfo(logits.dtype).min
        even = -torch.where(known, shares, 0.0).sum(-1) / known.sum(-1).clamp(min=1)
        losses = torch.lerp(losses, even, smoothing)
    losses = losses * matched.weights
    if matched.soft is not None:
        softer = -(matched.soft * logits.log_softmax(-1)).sum(-1)
        losses = torch.where(matched.soft.sum(-1) > 0, softer, losses)
    class_loss = (losses * keep).sum()
    distance = F.smooth_l1_loss(offsets.float(), matched.offsets, reduction="none").sum(-1)
    return class_loss, (distance * matched.weights * positive).sum()


def detection_loss(logits: torch.Tensor, offsets: torch.Tensor, matched: Matched,
                   least: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """The two sums divided by the number of positives."""
    class_loss, box_loss = detection_sums(logits, offsets, matched, least)
    count = matched.count().clamp(min=1)
    return class_loss / count, box_loss / count
