"""What is known about the images of a batch, padded to one shape: boxes, regions to ignore, classes that may go unboxed."""
from dataclasses import dataclass, fields

import torch


@dataclass
class Targets:
    """Of B images, corners in shares of their sides; rows of zeros pad them.

    boxes [B, G, 4], labels [B, G] (0 pads), weights [B, G]: what each box counts.
    ignored [B, R, 4]: within them nothing is known.
    parts [B, T, 4], unknown [B, T, classes] bool: an image is put together of T parts (T is 1 for most), and there the
    classes with `unknown` may have objects without a box. Class 0, the background, never is unknown.
    """
    boxes: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    ignored: torch.Tensor
    parts: torch.Tensor
    unknown: torch.Tensor

    def to(self, device: torch.device) -> "Targets":
        return Targets(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))

    def pin_memory(self) -> "Targets":
        return Targets(*(getattr(self, field.name).pin_memory() for field in fields(self)))

    def __len__(self) -> int:
        return len(self.boxes)


def unknown_classes(labels: list[int], classes: int) -> torch.Tensor:
    """[classes] bool; `classes` counts the background."""
    flags = torch.zeros(classes, dtype=torch.bool)
    flags[labels] = True
    return flags


def padded(rows: list[torch.Tensor], length: int | None = None) -> torch.Tensor:
    """Tensors [n, ...] of different n to one [B, length, ...], zeros behind; without `length` the longest decides."""
    length = max([1, *map(len, rows)]) if length is None else length
    result = rows[0].new_zeros(len(rows), length, *rows[0].shape[1:])
    for index, row in enumerate(rows):
        kept = row[:length]
        result[index, :len(kept)] = kept
    return result


def whole_images(boxes: list[torch.Tensor], labels: list[torch.Tensor], weights: list[torch.Tensor],
                 ignored: list[torch.Tensor], unknown: list[torch.Tensor]) -> Targets:
    """Targets of images of one part each; a list has a tensor for each image."""
    parts = torch.tensor([0.0, 0, 1, 1]).expand(len(boxes), 1, 4)
    return Targets(padded(boxes), padded(labels), padded(weights), padded(ignored), parts, torch.stack(unknown)[:, None])
