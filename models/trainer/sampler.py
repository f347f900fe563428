"""Which images make up each batch, and at which resolution."""
import math
from collections.abc import Callable, Iterator

import torch

SEED_STRIDE = 1_000_003


class MultiScaleBatches:
    """Batches of requests (seed, photo, size), of sizes drawn again for each batch.

    The batch grows as the resolution shrinks, so that each costs about the same (the multi-scale sampler of MobileViT,
    Mehta and Rastegari 2021, section 3.2). Every photo comes once before any comes again, or as often as `repeats` says.
    Batch number n follows from the seed and the numbers of batches and images before it, so a resumed run continues with
    the same batches. Of several processes each takes its share of every batch.
    """

    def __init__(self, photos: int, seed: int, sizes: Callable[[], list[int]], batch: int, base: int,
                 repeats: torch.Tensor | None = None, rank: int = 0, processes: int = 1):
        """`sizes` is asked before each batch, since the sizes change in the course of training. At size `base` a batch
        has `batch` images, in each process. `repeats` [photos]: how often each photo comes in an epoch, on average."""
        self.repeats = torch.ones(photos) if repeats is None else repeats
        self.photos, self.seed, self.sizes, self.batch, self.base = photos, seed, sizes, batch, base
        self.rank, self.processes = rank, processes
        self.epoch_length = max(1, round(float(self.repeats.double().sum())))
        self.batches_before = 0
        self.pictures_before = 0

    def start_after(self, batches: int, pictures: int) -> None:
        self.batches_before, self.pictures_before = batches, pictures

    def batch_at(self, size: int) -> int:
        return max(2, round(self.batch * (self.base / size) ** 2))

    def order(self, epoch: int) -> list[int]:
        """The photos of an epoch; photo i comes either floor(r) or ceil(r) times (systematic sampling), where r is its
        repeats."""
        shuffle = torch.Generator().manual_seed(self.seed * SEED_STRIDE - 1 - epoch)
        if self.epoch_length == self.photos and bool((self.repeats == 1).all()):
            return torch.randperm(self.photos, generator=shuffle).tolist()
        # In a new order each epoch, so that not the same neighbours share a place.
        deck = torch.randperm(self.photos, generator=shuffle)
        ends = self.repeats.double()[deck].cumsum(0)
        ends = ends * (self.epoch_length / ends[-1])
        ticks = torch.arange(self.epoch_length, dtype=torch.float64) + torch.rand((), generator=shuffle, dtype=torch.float64)
        chosen = deck[torch.searchsorted(ends, ticks, right=True).clamp(max=self.photos - 1)]
        return chosen[torch.randperm(self.epoch_length, generator=shuffle)].tolist()

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        number, picture = self.batches_before, self.pictures_before
        epoch, order = -1, None
        while True:
            draw = torch.Generator().manual_seed(self.seed * SEED_STRIDE + number)
            sizes = self.sizes()
            size = sizes[int(torch.randint(len(sizes), (), generator=draw))]
            requests = []
            count = self.batch_at(size) * self.processes
            for position in range(picture, picture + count):
                if position // self.epoch_length != epoch:
                    epoch = position // self.epoch_length
                    order = self.order(epoch)
                if position % self.processes == self.rank:
                    requests.append((self.seed * SEED_STRIDE + position, order[position % self.epoch_length], size))
            number, picture = number + 1, picture + count
            yield requests


def repeat_factors(labels: list[torch.Tensor], threshold: float) -> torch.Tensor:
    """How often each photo comes so that seldom classes are seen more often: the repeat factor of LVIS (Gupta et al. 2019,
    appendix B): max over the photo's classes c of max(1, sqrt(threshold / f_c)), where f_c is the share of photos that
    show c.

    `labels`: of each photo those of its boxes. A threshold of 0 leaves all photos alike.
    """
    shown = [set(own.tolist()) for own in labels]
    counts: dict[int, int] = {}
    for own in shown:
        for label in own:
            counts[label] = counts.get(label, 0) + 1
    factor = {label: max(1.0, math.sqrt(threshold * len(labels) / count)) for label, count in counts.items()}
    return torch.tensor([max((factor[label] for label in own), default=1.0) for own in shown])
