"""Images held decoded as squares on the device that trains, and batches of views of them: zoomed, turned, mirrored and
recoloured there. Classification and segmentation learn from these."""
import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
import torchvision.transforms.v2.functional as TF

from .compose import recoloured
from .documents import DataError
from .sampler import MultiScaleBatches
from .scenes import Augmentation

IGNORED = 255                                   # the value of a mask's pixel about which nothing is known
GREY = 114.0                                    # beside an image
DRAWS = 14                                      # random numbers of a view; the last six are for colours


class Squares:
    """N images of one size, and what is known about them.

    pictures [N, 3, S, S] u8 RGB. labels [N], the class of each; or [N, S, S] u8, of each pixel, IGNORED where that is not
    known.
    """

    def __init__(self, pictures: torch.Tensor, labels: torch.Tensor, device: torch.device):
        try:
            self.pictures, self.labels = pictures.to(device), labels.to(device)
        except RuntimeError as error:
            raise DataError(f"the images take {pictures.numel() / 1e9:.1f} GB of memory, decoded: choose a smaller "
                            "--size") from error

    def __len__(self) -> int:
        return len(self.pictures)


def square(picture: torch.Tensor, side: int) -> torch.Tensor:
    """An image [3, H, W] u8 as [3, side, side]; its aspect is not kept, as nor does swiftlet."""
    return TF.resize(picture, [side, side], antialias=True)


def transforms(draws: torch.Tensor, augmentation: Augmentation) -> torch.Tensor:
    """Where views lie in their images [B, 2, 3], as affine_grid takes it: a part of the image, up to `zoom` times smaller than
    the whole and of another aspect, turned and mirrored."""
    share = torch.exp(-draws[:, 0] * math.log(augmentation.zoom))
    aspect = torch.exp((draws[:, 1] - 0.5) * 0.5)
    sides = torch.stack([share * aspect, share / aspect], 1).clamp(max=1)
    middle = (2 * draws[:, 2:4] - 1) * (1 - sides)
    turned = draws[:, 4] < augmentation.rotated
    angle = torch.where(turned, (2 * draws[:, 5] - 1) * math.radians(augmentation.rotation), 0.0)
    quarters = torch.where(draws[:, 6] < augmentation.quarter_turns,
                           1 + torch.floor(draws[:, 6] / max(augmentation.quarter_turns, 1e-6) * 3).clamp(max=2), 0.0)
    angle = angle + quarters * (math.pi / 2)
    mirror = torch.where(draws[:, 7] < augmentation.flip, -1.0, 1.0)
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([torch.stack([mirror * sides[:, 0] * cosine, -sides[:, 0] * sine, middle[:, 0]], 1),
                        torch.stack([mirror * sides[:, 1] * sine, sides[:, 1] * cosine, middle[:, 1]], 1)], 1)


def views(squares: Squares, chosen: torch.Tensor, draws: torch.Tensor, size: int,
          augmentation: Augmentation) -> tuple[torch.Tensor, torch.Tensor]:
    """Images [B, 3, size, size] u8 RGB and labels [B] or [B, size, size] of the images `chosen` [B], by random numbers
    [B, DRAWS] in 0..1."""
    grid = F.affine_grid(transforms(draws, augmentation), [len(chosen), 1, size, size], align_corners=False)
    # Around zero, so that what lies beside the image is grey.
    pixels = F.grid_sample(squares.pictures[chosen].float() - GREY, grid, mode="bilinear", align_corners=False) + GREY
    pixels = recoloured(pixels.permute(0, 2, 3, 1).contiguous(), draws[:, -6:])
    pictures, labels = pixels.round().to(torch.uint8).permute(0, 3, 1, 2), squares.labels[chosen]
    if labels.dim() > 1:
        masks = labels[:, None].float() - IGNORED
        labels = (F.grid_sample(masks, grid, mode="nearest", align_corners=False)[:, 0] + IGNORED).to(torch.uint8)
    return pictures, labels.long()


class ViewBatches:
    """Batches (images, labels) of views of squares; each follows from its requests alone."""

    def __init__(self, squares: Squares, sampler: MultiScaleBatches, augmentation: Augmentation):
        self.squares, self.sampler, self.augmentation = squares, sampler, augmentation

    def batch(self, requests: list[tuple[int, int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(requests[0][0])
        draws = torch.rand(len(requests), DRAWS, generator=generator)
        device = self.squares.pictures.device
        chosen = torch.tensor([picture for _, picture, _ in requests])
        return views(self.squares, chosen.to(device), draws.to(device), requests[0][2], self.augmentation)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return map(self.batch, iter(self.sampler))
