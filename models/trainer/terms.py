"""Further terms of the detection loss: what a batch gives them, and what they give back."""
from dataclasses import dataclass

import torch
from torch import nn

from .matching import Matched
from .targets import Targets


@dataclass
class Batch:
    """A batch as the network has seen it.

    pictures [B, 3, H, W] u8 RGB, after augmentation. targets: what is known about them. logits [B, A, classes], offsets
    [B, A, 4] and anchors [A, 4] (corners in 0..1): the network's outputs, with gradients. features: the encoder's maps of
    strides 16 and 32, [B, C, h, w] each, with gradients. count: the number of anchors with objects, at least 1, over the
    batches of all processes: what sums over anchors are divided by.
    """
    pictures: torch.Tensor
    targets: Targets
    logits: torch.Tensor
    offsets: torch.Tensor
    anchors: torch.Tensor
    features: tuple[torch.Tensor, torch.Tensor]
    count: torch.Tensor


class Term(nn.Module):
    """A term of the loss. Its parameters learn with the network's and are kept in the run's checkpoint, but not exported.

    What depends on the processes: a mean over images must be one over this process's images; the trainer divides what
    `means` returns by the number of processes, what `sums` returns by nothing, since `Batch.count` is that of all of them.
    """

    def revise(self, pictures: torch.Tensor, targets: Targets, anchors: torch.Tensor, matched: Matched) -> Matched:
        """What the anchors have to learn, after this term has had its say. Called before the others, for each batch."""
        return matched

    def means(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Named losses that are means over the batch's images."""
        return {}

    def sums(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Named losses that are sums over the batch, divided by `batch.count`."""
        return {}
