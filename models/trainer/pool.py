"""The whole set on the device that trains, decoded, so that batches are composed there."""
import torch
import torch.nn.functional as F

from .dataset import DataError, Sample
from .targets import padded

MOST_BOXES = 100                                # of a photo, and regions to ignore; the largest ones are kept


class Pool:
    """N photos and what is known about them, on one device.

    pixels [P] int32: a pixel each, its bytes red, green, blue and 0; of a photo the rows one behind the other, then the
    same at half the size, for views from afar. starts [N, 2]: where both begin; sizes [N, 2, 2]: their (height, width).
    boxes [N, G, 4] and ignored [N, R, 4]: corners in shares of the photo's sides, rows of zeros pad; labels [N, G],
    weights [N, G], unknown [N, classes].
    """

    def __init__(self, pictures: list[torch.Tensor], boxes: list[torch.Tensor], labels: list[torch.Tensor],
                 weights: list[torch.Tensor], ignored: list[torch.Tensor], unknown: list[torch.Tensor],
                 device: torch.device):
        """Images [3, H, W] u8 of any sizes, boxes and ignored in their pixels."""
        levels = [level for picture in pictures for level in (picture, halved(picture))]
        lengths = torch.tensor([level[0].numel() for level in levels])
        total = int(lengths.sum())
        try:
            self.pixels = torch.empty(total, dtype=torch.int32, device=device)
        except RuntimeError as error:
            raise DataError(f"the photos take {total * 4 / 1e9:.1f} GB of memory, decoded: use --batches scenes, or fewer "
                            "photos") from error
        starts = lengths.cumsum(0) - lengths
        for level, start in zip(levels, starts.tolist()):
            self.pixels[start:start + level[0].numel()] = packed_pixels(level).to(device)
        self.starts = starts.view(-1, 2).to(device)
        self.sizes = torch.tensor([level.shape[1:] for level in levels]).view(-1, 2, 2).to(device)
        sides = [torch.tensor([picture.shape[2], picture.shape[1]] * 2) for picture in pictures]
        orders = [largest(own) for own in boxes]
        self.boxes = padded([own[order] / side for own, order, side in zip(boxes, orders, sides)]).to(device)
        self.labels = padded([own[order] for own, order in zip(labels, orders)]).to(device)
        self.weights = padded([own[order] for own, order in zip(weights, orders)]).to(device)
        self.ignored = padded([own[largest(own)] / side for own, side in zip(ignored, sides)]).to(device)
        self.unknown = torch.stack(unknown).to(device)
        self.device = device

    def __len__(self) -> int:
        return len(self.starts)

    def megabytes(self) -> float:
        return self.pixels.numel() * 4 / 1e6


def largest(boxes: torch.Tensor) -> torch.Tensor:
    """The places of at most MOST_BOXES boxes, in their order."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return areas.argsort(descending=True, stable=True)[:MOST_BOXES].sort().values


def halved(picture: torch.Tensor) -> torch.Tensor:
    """The image [3, H, W] u8 at half the size, each pixel the mean of four."""
    return F.avg_pool2d(picture[None].float(), 2, ceil_mode=True)[0].round().to(torch.uint8)


def packed_pixels(picture: torch.Tensor) -> torch.Tensor:
    """An image [3, H, W] u8 as [H * W] int32."""
    channels = F.pad(picture.permute(1, 2, 0), (0, 1)).contiguous()
    return channels.view(torch.int32).flatten()


def pool_of(samples: list[Sample], empty: list[torch.Tensor], device: torch.device) -> Pool:
    """The photos, and behind them images [3, H, W] that show nothing."""
    none, count = torch.zeros(0, 4), len(empty)
    return Pool([*(sample.picture for sample in samples), *empty],
                [*(sample.boxes for sample in samples), *[none] * count],
                [*(sample.labels for sample in samples), *[torch.zeros(0, dtype=torch.int64)] * count],
                [*(sample.weights for sample in samples), *[torch.zeros(0)] * count],
                [*(sample.ignored for sample in samples), *[none] * count],
                [*(sample.unknown for sample in samples), *[torch.zeros_like(samples[0].unknown)] * count], device)
