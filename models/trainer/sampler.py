"""Which images make up each batch, and at which resolution."""
from collections.abc import Callable, Iterator

import torch

SEED_STRIDE = 1_000_003


class MultiScaleBatches:
    """Batches of requests (seed, photo, size), of sizes drawn again for each batch.

    The batch grows as the resolution shrinks, so that each costs about the same (the multi-scale sampler of MobileViT,
    Mehta and Rastegari 2021, section 3.2). Every photo comes once before any comes again. Batch number n follows from
    the seed and the numbers of batches and images before it, so a resumed run continues with the same batches.
    """

    def __init__(self, photos: int, seed: int, sizes: Callable[[], list[int]], batch: int, base: int):
        """`sizes` is asked before each batch, since the sizes change in the course of training. At size `base` a batch
        has `batch` images."""
        self.photos, self.seed, self.sizes, self.batch, self.base = photos, seed, sizes, batch, base
        self.batches_before = 0
        self.pictures_before = 0

    def start_after(self, batches: int, pictures: int) -> None:
        self.batches_before, self.pictures_before = batches, pictures

    def batch_at(self, size: int) -> int:
        return max(2, round(self.batch * (self.base / size) ** 2))

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        number, picture = self.batches_before, self.pictures_before
        epoch, order = -1, None
        while True:
            draw = torch.Generator().manual_seed(self.seed * SEED_STRIDE + number)
            sizes = self.sizes()
            size = sizes[int(torch.randint(len(sizes), (), generator=draw))]
            requests = []
            for position in range(picture, picture + self.batch_at(size)):
                if position // self.photos != epoch:
                    epoch = position // self.photos
                    shuffle = torch.Generator().manual_seed(self.seed * SEED_STRIDE - 1 - epoch)
                    order = torch.randperm(self.photos, generator=shuffle).tolist()
                requests.append((self.seed * SEED_STRIDE + position, order[position % self.photos], size))
            number, picture = number + 1, picture + len(requests)
            yield requests
