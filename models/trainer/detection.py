"""The loss of a detector on a batch of images, with further terms."""
import torch
from torch import nn

from .evaluation import to_input
from .matching import anchors_for, detection_sums, match
from .networks import Detector
from .targets import Targets
from .terms import Batch, Term

# Anchors that count in an image without objects: about as many as three objects bring, all but their positives.
EMPTY_ANCHORS = 32


class DetectionLoss:
    """Named losses of a model on (images [B, 3, H, W] u8 RGB, their Targets); their sum is to be minimised."""

    def __init__(self, order: str, scales: tuple[float, float], device: torch.device, terms: list[Term]):
        self.order, self.scales, self.device = order, scales, device
        self.terms = nn.ModuleList(terms).to(device)

    def __call__(self, model: Detector, batch: tuple[torch.Tensor, Targets]) -> dict[str, torch.Tensor]:
        pictures, targets = batch[0].to(self.device, non_blocking=True), batch[1].to(self.device)
        logits, offsets, maps, features = model(to_input(pictures, self.order, self.device), with_features=True)
        anchors = anchors_for(tuple(maps), self.scales, self.device)
        matched = match(anchors, targets)
        for term in self.terms:
            matched = term.revise(pictures, targets, anchors, matched)
        count = matched.count().clamp(min=1)
        class_sum, box_sum = detection_sums(logits, offsets, matched, EMPTY_ANCHORS)
        losses = {"class_loss": class_sum / count, "box_loss": box_sum / count}
        seen = Batch(pictures, targets, logits, offsets, anchors, features, count)
        for term in self.terms:
            losses |= term.means(seen) | term.sums(seen)
        return losses
