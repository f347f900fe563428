"""Finds objects with a detector, and COCO's average precision over photos."""
import torch
import torchvision.transforms.v2.functional as TF
from torch import nn
from torchvision.ops import batched_nms

from .dataset import Sample
from .matching import CODER, PUBLISHED_SCALES, anchors_for
from .networks import SPECS
from .precision import Judged, average_precisions, means


def resized(picture: torch.Tensor, size: int, network: str) -> torch.Tensor:
    """An image [3, H, W] u8 as swiftlet would scale it for this network, to [3, size, size]; its aspect is not kept."""
    spec = SPECS[network]
    return TF.resize(picture, [size, size], spec.resize, antialias=spec.antialias)


def to_input(pictures: torch.Tensor, channel_order: str, device: torch.device) -> torch.Tensor:
    """Images [B, 3, H, W] u8 RGB to what the networks read: planes in their order, 0..1, no mean or deviation."""
    pictures = pictures.to(device, non_blocking=True)
    if channel_order == "bgr":
        pictures = pictures.flip(1)
    return (pictures.float() / 255).contiguous(memory_format=torch.channels_last)


def objects_in(logits: torch.Tensor, offsets: torch.Tensor, anchors: torch.Tensor, threshold: float = 0.01,
               most: int = 100) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One image's logits [A, classes] and offsets [A, 4] to boxes [N, 4] in 0..1, scores [N] and labels [N].

    Suppression per class at IoU 0.5 among the 400 best candidates of each class.
    """
    scores = torch.softmax(logits, -1)[:, 1:]
    best, rows = scores.topk(min(400, len(scores)), 0)
    labels = torch.arange(1, scores.shape[1] + 1, device=scores.device).expand_as(rows)
    chosen = best > threshold
    best, rows, labels = best[chosen], rows[chosen], labels[chosen]
    boxes = CODER.decode_single(offsets, anchors)[rows]
    keep = batched_nms(boxes, best, labels, 0.5)[:most]
    return boxes[keep].clamp(0, 1), best[keep], labels[keep]


@torch.no_grad()
def detections(model: nn.Module, samples: list[Sample], network: str, size: int, channel_order: str, device: torch.device,
               scales: tuple[float, float] = PUBLISHED_SCALES,
               batch: int = 8) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """For each photo the boxes [N, 4] in its pixels, scores [N] and labels [N] that a detector finds at size x size."""
    model.eval()
    found = []
    for start in range(0, len(samples), batch):
        part = samples[start:start + batch]
        pictures = torch.stack([resized(sample.picture, size, network) for sample in part])
        logits, offsets, maps = model(to_input(pictures, channel_order, device))
        anchors = anchors_for(tuple(maps), scales, device)
        for number, sample in enumerate(part):
            height, width = sample.picture.shape[1:]
            boxes, scores, labels = objects_in(logits[number], offsets[number], anchors)
            found.append((boxes.cpu() * torch.tensor([width, height, width, height]), scores.cpu(), labels.cpu()))
    return found


def judged(sample: Sample, found: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> Judged:
    boxes, scores, labels = (tensor.numpy() for tensor in found)
    return Judged(sample.boxes.numpy(), sample.labels.numpy(), sample.ignored.numpy(), sample.ignored_labels.numpy(),
                  ~sample.unknown.numpy(), boxes, scores, labels)


def average_precision(model: nn.Module, samples: list[Sample], network: str, size: int, channel_order: str,
                      device: torch.device, scales: tuple[float, float] = PUBLISHED_SCALES) -> dict[str, float]:
    """AP over IoU 0.5 to 0.95 and AP50 of a detector at input size x size."""
    found = detections(model, samples, network, size, channel_order, device, scales)
    photos = [judged(sample, detected) for sample, detected in zip(samples, found)]
    return means(average_precisions(photos, len(samples[0].unknown) - 1))


def corners_to_coco(box: list[float]) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]
