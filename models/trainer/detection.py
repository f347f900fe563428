"""The loss of a detector on a batch of images, with further terms."""
import torch
from torch import nn

from .evaluation import to_input
from .matching import anchors_for, detection_sums, match
from .networks import Detector
from .targets import Targets
from .team import Team
from .terms import Batch, Term

# Anchors that count in an image without objects: about as many as three objects bring, all but their positives.
EMPTY_ANCHORS = 32


class DetectionLoss:
    """Named losses of a model on (images [B, 3, H, W] u8 RGB, their Targets); their sum is to be minimised.

    `half`: the network computes in bfloat16 where that is safe; losses are in float32 in any case. `compiled`: matching and
    sums become compiled functions. `smoothing`: the part of a class label that all classes share.
    """

    def __init__(self, order: str, scales: tuple[float, float], device: torch.device, terms: list[Term],
                 team: Team = Team(), half: bool = False, compiled: bool = False, smoothing: float = 0.0):
        self.smoothing = smoothing
        self.order, self.scales, self.device, self.team, self.half = order, scales, device, team, half
        self.terms = nn.ModuleList(terms).to(device)
        self.match, self.sums = (torch.compile(function, dynamic=False) if compiled else function
                                 for function in (match, detection_sums))

    def __call__(self, model: Detector, batch: tuple[torch.Tensor, Targets]) -> dict[str, torch.Tensor]:
        pictures, targets = batch[0].to(self.device, non_blocking=True), batch[1].to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits, offsets, maps, features = model(to_input(pictures, self.order, self.device), with_features=True)
        logits, offsets = logits.float(), offsets.float()
        anchors = anchors_for(tuple(maps), self.scales, self.device)
        matched = self.match(anchors, targets)
        for term in self.terms:
            matched = term.revise(pictures, targets, anchors, matched)
        class_sum, box_sum = self.sums(logits, offsets, matched, EMPTY_ANCHORS, self.smoothing)
        count = self.team.total(matched.count()).clamp(min=1)
        losses = {"class_loss": class_sum / count, "box_loss": box_sum / count}
        seen = Batch(pictures, targets, logits, offsets, anchors, features, count)
        for term in self.terms:
            losses |= {name: value / self.team.size for name, value in term.means(seen).items()} | term.sums(seen)
        return losses
