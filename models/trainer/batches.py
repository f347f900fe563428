"""Where a stage's batches come from: made photo by photo on the processor, or whole on the device."""
from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader, Dataset

from .compose import DRAWS, Plan, composed, trimmed
from .empty import chance, drawn, pick
from .dataset import Sample
from .pool import Pool
from .sampler import MultiScaleBatches
from .scenes import Augmentation
from .targets import Targets


class LoadedBatches:
    """Batches of a data set's items, asked for one by one; `workers` processes prepare them."""

    def __init__(self, items: Dataset, sampler: MultiScaleBatches, workers: int, collate: Callable | None = None):
        self.sampler = sampler
        self.loader = DataLoader(items, batch_sampler=sampler, num_workers=workers, collate_fn=collate,
                                 pin_memory=torch.cuda.is_available())

    def __iter__(self) -> Iterator[tuple]:
        return iter(self.loader)


class ComposedBatches:
    """Batches (images [B, 3, S, S] u8 RGB, Targets) that are composed on the pool's device.

    A batch follows from its requests alone, on whatever device. `photos` of the pool show something, those behind them
    nothing. `mosaic`: asked before each batch for the share of images of four parts.
    """

    def __init__(self, pool: Pool, photos: int, sampler: MultiScaleBatches, augmentation: Augmentation,
                 mosaic: Callable[[], float], compiled: bool = False):
        self.pool, self.photos, self.sampler, self.augmentation, self.mosaic = pool, photos, sampler, augmentation, mosaic
        self.compose = torch.compile(composed, dynamic=False) if compiled else composed

    def plan(self, requests: list[tuple[int, int, int]]) -> Plan:
        """What decides about the batch of these requests."""
        count, empty = len(requests), len(self.pool) - self.photos
        generator = torch.Generator().manual_seed(requests[0][0])
        draws = torch.rand(count, 4, DRAWS, generator=generator)
        others = torch.multinomial(self.sampler.repeats.float(), 3 * count, replacement=True, generator=generator)
        photos = torch.cat([torch.tensor([[photo] for _, photo, _ in requests]), others.view(count, 3)], 1)
        if empty:
            is_empty = torch.rand(count, generator=generator) < self.augmentation.empty
            blank = self.photos + torch.randint(empty, (count,), generator=generator)
            photos[:, 0] = torch.where(is_empty, blank, photos[:, 0])
            draws[:, 0, 11] = torch.where(is_empty, 1.0, draws[:, 0, 11])  # in one part
        return Plan(photos, draws)

    def batch(self, requests: list[tuple[int, int, int]]) -> tuple[torch.Tensor, Targets]:
        plan = self.plan(requests)
        if self.pool.device.type == "cuda":
            plan = Plan(plan.photos.pin_memory(), plan.draws.pin_memory()).to(self.pool.device)
        pictures, targets = self.compose(self.pool, plan, requests[0][2], self.augmentation, self.mosaic())
        return pictures, trimmed(targets) if self.pool.device.type == "cpu" else targets

    def __iter__(self) -> Iterator[tuple[torch.Tensor, Targets]]:
        return map(self.batch, iter(self.sampler))


def empty_pictures(samples: list[Sample], backgrounds: list[torch.Tensor], count: int, side: int,
                   seed: int) -> list[torch.Tensor]:
    """Images [3, H, W] u8 that show nothing: `backgrounds`, drawn surfaces, and free places in photos in which every object
    has a box."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    known = [sample for sample in samples if not sample.unknown.any()]
    made = list(backgrounds)
    for _ in range(count):
        place = free_place(known[pick(len(known))]) if known and chance(0.4) else None
        made.append(torch.from_numpy(drawn(side)).permute(2, 0, 1) if place is None else place)
    torch.set_rng_state(state)
    return made


def free_place(sample: Sample, tries: int = 20) -> torch.Tensor | None:
    """A part of the photo of at least a third of its sides that no box and no region to ignore touches; None where none is
    found."""
    height, width = sample.picture.shape[1:]
    taken = torch.cat([sample.boxes, sample.ignored])
    for _ in range(tries):
        sides = torch.rand(2) * 0.67 + 0.33
        low = torch.rand(2) * (1 - sides)
        left, top, right, bottom = (torch.cat([low, low + sides]) * torch.tensor([width, height] * 2)).int().tolist()
        if ((taken[:, 0] >= right) | (taken[:, 2] <= left) | (taken[:, 1] >= bottom) | (taken[:, 3] <= top)).all():
            return sample.picture[:, top:bottom, left:right].contiguous()
    return None
