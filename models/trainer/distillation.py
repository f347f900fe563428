"""What a student learns from a teacher: soft boxes with scores, and feature maps."""
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from .detections import LEAST, SAME
from .matching import IGNORED_SHARE, PART_SHARE, Matched, areas, encoded, match, overlaps
from .targets import Targets
from .teacher import Detections, Teacher
from .terms import Batch, Term

# Where labels speak, the teacher has to be as sure as this to be believed against them.
CONFIDENT = 0.5
# Side of the images that the teacher looks at, at least: in smaller ones it misses much, however small the student's are.
LEAST_SIDE = 224
LEAST_SIDE_OF_ONE = 128                         # of an image that shows one object


def ious(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """IoUs [B, N, M] of boxes [B, N, 4] with [B, M, 4] or [M, 4]; 0 for empty ones."""
    shared = overlaps(boxes, others)
    return shared / (areas(boxes)[..., None] + areas(others).unsqueeze(-2) - shared).clamp(min=1e-12)


@torch.no_grad()
def uncontradicted(detections: Detections, targets: Targets) -> Detections:
    """The detections but for those that labels know better, since labels win.

    That is, those on an annotated box: of whatever class at the IoU `SAME`, or sharing half of the smaller one with a box of
    their own best class, which is mostly the same object, drawn otherwise. And where labels leave nothing open, outside
    ignored regions and in classes of which every object has a box, those without a score of `CONFIDENT`: there "no box" is a
    label too, and it takes a teacher that is sure to turn it over.
    """
    boxes, scores, size = detections.boxes, detections.scores, areas(detections.boxes)
    valid, best_class = (targets.labels > 0)[:, None], scores.argmax(-1)
    shared = overlaps(boxes, targets.boxes)
    smaller = torch.minimum(size[..., None], areas(targets.boxes)[:, None])
    alike = (targets.labels[:, None] == 1 + best_class[..., None]) & (shared >= 0.5 * smaller)
    annotated = ((alike | (ious(boxes, targets.boxes) >= SAME)) & valid).any(2)
    has_say = (overlaps(boxes, targets.parts) > PART_SHARE * size[..., None]).to(scores.dtype)
    open_classes = has_say @ targets.unknown[..., 1:].to(scores.dtype) > 0
    ignored = overlaps(boxes, targets.ignored).amax(2) >= IGNORED_SHARE * size
    wanted = torch.where(open_classes | ignored[..., None], LEAST, CONFIDENT)
    kept = (scores >= wanted).any(-1) & ~annotated
    return replace(detections, scores=scores * kept[..., None])


@torch.no_grad()
def softened(matched: Matched, anchors: torch.Tensor, detections: Detections, least: float = LEAST,
             positive: float = 0.5, negative: float = 0.4) -> Matched:
    """Adds a teacher's detections to what the anchors [A, 4] have to learn from labels.

    As with labels, an anchor belongs to a box if their IoU is at least `positive`, or if it is the box's best anchor; of
    several, to the one with the largest product of IoU and score. Let s_c be that box's scores and P = min(1, sum of s_c)
    how sure the teacher is of an object there. Where P >= `least` and labels give the anchor no object, it becomes a soft
    positive: its class target is q_c = s_c (divided by their sum where that exceeds 1) and q_0 = 1 - P for the background,
    learnt by cross-entropy, -sum of q_k log p_k; it learns the teacher's box with the weight P, and counts P positives.
    An anchor with an IoU from `negative` to `positive` learns nothing, as beside labels.

    Soft targets for classes with the background among them and boxes from the teacher: Chen et al., "Learning Efficient
    Object Detection Models with Knowledge Distillation", 2017, sections 3.2 and 3.3; here after suppression, on the
    student's own anchors, so that teacher and student need not have the same ones. With labels for detections, of score 1,
    it is SSD's matching.
    """
    scores = detections.scores
    sure, best_class = scores.sum(-1).clamp(max=1), scores.argmax(-1)                       # [B, N]
    iou = ious(detections.boxes, anchors).masked_fill((sure < least)[..., None], 0.0)       # [B, N, A]
    place = torch.arange(1, iou.shape[1] + 1, device=iou.device)[:, None] / iou.shape[1]
    # A box's best anchor is its own, and the later box's where two share it.
    forced = torch.zeros_like(iou).scatter_(2, iou.argmax(2, keepdim=True), 2.0) * (1 + place) * (iou > 0)
    key, box = ((iou * (iou >= positive) + forced) * sure[..., None]).max(1)                # [B, A]
    is_object = (key > 0) & (matched.labels <= 0)
    is_nothing = (iou.amax(1) >= negative) & (matched.labels == 0) & ~is_object
    share = scores.gather(1, box[..., None].expand(-1, -1, scores.shape[2]))
    share = share / share.sum(-1, keepdim=True).clamp(min=1)
    soft = torch.cat([1 - share.sum(-1, keepdim=True), share], -1)
    soft = torch.where(is_object[..., None], soft, 0.0 if matched.soft is None else matched.soft)
    offsets = encoded(detections.boxes.gather(1, box[..., None].expand(-1, -1, 4)), anchors)
    labels = torch.where(is_object, 1 + best_class.gather(1, box), matched.labels.masked_fill(is_nothing, -1))
    return replace(matched, labels=labels, weights=torch.where(is_object, sure.gather(1, box), matched.weights),
                   offsets=torch.where(is_object[..., None], offsets, matched.offsets), soft=soft)


def correlation_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """1 - r, r the correlation over images and places of a channel of both maps [B, C, h, w], averaged over the channels.

    Half the mean squared difference of the maps once each channel has mean 0 and deviation 1 (Cao et al., "PKD: General
    Distillation Framework for Object Detectors via Pearson Correlation Coefficient", 2022, equation 5). Taken rather than
    the squared difference of the maps themselves: the deviations of YOLOX-Nano's channels reach from 0.1 to 1.1, so the
    strongest would count a hundred times what the weakest do, and another teacher would need another weight.
    Channels that are constant in the teacher count for nothing.
    """
    centred = [x.float().transpose(0, 1).flatten(1) for x in (student, teacher)]
    centred = [x - x.mean(1, keepdim=True) for x in centred]
    mine, wanted = (x.square().mean(1) for x in centred)
    r = (centred[0] * centred[1]).mean(1) * (mine * wanted + 1e-8).rsqrt()
    lives = (wanted > 1e-8).float()
    return ((1 - r) * lives).sum() / lives.sum().clamp(min=1)


@torch.no_grad()
def divided(targets: Targets, classes: int) -> tuple[Targets, Detections]:
    """Annotated boxes, which count 1, and those that a detector drew, which count less. Of its boxes that are the same but
    for the class, each has the scores of all. `classes`: without the background."""
    is_soft = (targets.weights < 1) & (targets.labels > 0)
    scores = F.one_hot(targets.labels, classes + 1)[..., 1:] * (targets.weights * is_soft)[..., None]
    is_same = (targets.boxes[:, :, None] == targets.boxes[:, None]).all(-1) & is_soft[:, :, None]
    return replace(targets, labels=targets.labels.masked_fill(is_soft, 0)), \
        Detections(targets.boxes, is_same.to(scores.dtype) @ scores)


class SoftBoxes(Term):
    """Boxes with scores among the targets teach as a teacher's do that looks on."""

    @torch.no_grad()
    def revise(self, pictures: torch.Tensor, targets: Targets, anchors: torch.Tensor, matched: Matched) -> Matched:
        labelled, detections = divided(targets, targets.unknown.shape[2] - 1)
        return softened(match(anchors, labelled), anchors, uncontradicted(detections, labelled))


class Distillation(Term):
    """Learns from a teacher that looks at each augmented image: from its boxes, and with `imitate` above 0, that weight,
    from its maps of strides 16 and 32, which the student's maps are compared with through 1x1 convolutions that learn along.

    The teacher sees the image as the student does, at the same size if it isn't too small: their maps have the same cells
    then.
    """

    def __init__(self, teacher: Teacher, channels: tuple[int, int], boxes: bool, imitate: float):
        """`channels`: of the student's maps of strides 16 and 32."""
        super().__init__()
        self.teacher, self.boxes, self.imitate = teacher, boxes, imitate
        self.maps: list[torch.Tensor] = []
        self.adapters = adapters(channels, teacher) if imitate else nn.ModuleList()

    @torch.no_grad()
    def revise(self, pictures: torch.Tensor, targets: Targets, anchors: torch.Tensor, matched: Matched) -> Matched:
        detections, self.maps = self.teacher.look(pictures, max(LEAST_SIDE, *pictures.shape[2:]))
        if not self.boxes:
            return matched
        return softened(matched, anchors, uncontradicted(detections.to(pictures.device), targets))

    def means(self, batch: Batch) -> dict[str, torch.Tensor]:
        if not self.imitate:
            return {}
        return {"map_loss": self.imitate * map_loss(self.adapters, batch.features, self.maps)}


class Imitation(nn.Module):
    """What a network without boxes learns of a teacher: its maps, as with Distillation."""

    def __init__(self, teacher: Teacher, channels: tuple[int, int], imitate: float):
        super().__init__()
        self.teacher, self.imitate, self.adapters = teacher, imitate, adapters(channels, teacher)

    def forward(self, pictures: torch.Tensor, features: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """`pictures` [B, 3, H, W] u8 RGB, of which the network's maps are `features`."""
        with torch.no_grad():
            maps = self.teacher.look(pictures, max(LEAST_SIDE_OF_ONE, *pictures.shape[2:]))[1]
        return self.imitate * map_loss(self.adapters, features, maps)


def adapters(channels: tuple[int, int], teacher: Teacher) -> nn.ModuleList:
    return nn.ModuleList(nn.Conv2d(mine, theirs, 1) for mine, theirs in zip(channels, teacher.channels))


def map_loss(adapters: nn.ModuleList, features: tuple[torch.Tensor, ...], maps: list[torch.Tensor]) -> torch.Tensor:
    losses = [correlation_loss(adapter(mine.float()), fitted(theirs.to(mine.device), mine.shape[2:]))
              for adapter, mine, theirs in zip(adapters, features, maps)]
    return sum(losses) / len(losses)


def fitted(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Maps [B, C, h, w] at another size, where the teacher's grid isn't the student's."""
    return maps if maps.shape[2:] == size else F.interpolate(maps, tuple(size), mode="bilinear", antialias=True)
