"""How many images a second a step of training takes on this device, and where the time goes."""
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from .batches import ComposedBatches
from .dataset import Sample, load, read_photo_set
from .detection import EMPTY_ANCHORS, DetectionLoss
from .evaluation import to_input
from .matching import PUBLISHED_SCALES, anchors_for
from .networks import SPECS, Detector
from .pool import pool_of
from .sampler import MultiScaleBatches
from .scenes import Augmentation
from .stage import Average, parameter_groups

STAGES = ("compose", "forward", "match and loss", "backward", "update")


def noise(count: int, size: int, classes: int) -> list[Sample]:
    """Photos of noise with five boxes each, where no set is named."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for _ in range(count):
        low = torch.rand(5, 2, generator=generator) * 0.6 * size
        boxes = torch.cat([low, low + 0.1 * size + torch.rand(5, 2, generator=generator) * 0.3 * size], 1)
        picture = torch.randint(0, 256, (3, size, size), dtype=torch.uint8, generator=generator)
        samples.append(Sample(picture, boxes, torch.randint(1, classes, (5,), generator=generator), torch.ones(5),
                              torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(classes, dtype=torch.bool)))
    return samples


class SpeedTest:
    """Steps as `train --batches device` makes them, stage by stage."""

    def __init__(self, samples: list[Sample], network: str, size: int, batch: int, device: torch.device, half: bool,
                 compiled: bool):
        self.size, self.batch, self.device, self.half = size, batch, device, half
        self.order = SPECS[network].channel_order
        sampler = MultiScaleBatches(len(samples), 1, lambda: [size], batch, size)
        augmentation = Augmentation()
        self.source = ComposedBatches(pool_of(samples, [], device), len(samples), sampler, augmentation,
                                      lambda: augmentation.mosaic, compiled)
        self.requests = iter(sampler)
        self.model = Detector(network, len(samples[0].unknown)).to(device, memory_format=torch.channels_last).train()
        self.average = Average(self.model, 0.998)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, 0.02), lr=1e-4, fused=True)
        self.loss = DetectionLoss(self.order, PUBLISHED_SCALES, device, [], half=half, compiled=compiled)
        if compiled:
            self.model.compile(dynamic=False)

    def step(self, mark: Callable[[str], None]) -> None:
        """One step; `mark` is called after each stage."""
        pictures, targets = self.source.batch(next(self.requests))
        mark("compose")
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits, offsets, maps, _ = self.model(to_input(pictures, self.order, self.device), with_features=True)
        mark("forward")
        matched = self.loss.match(anchors_for(tuple(maps), PUBLISHED_SCALES, self.device), targets)
        total = sum(self.loss.sums(logits.float(), offsets.float(), matched, EMPTY_ANCHORS)) / matched.count().clamp(min=1)
        mark("match and loss")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        mark("backward")
        nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.average.update(self.model)
        mark("update")

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def measured(self, seconds: float) -> tuple[float, dict[str, float], float]:
        """Images a second of whole steps, the seconds that each stage of one takes where each is waited for, and the
        processor's seconds for an image, all of them after three steps of warming up."""
        for _ in range(3):
            self.step(lambda stage: None)
        self.wait()
        began, used, steps = time.perf_counter(), time.process_time(), 0
        while steps < 3 or time.perf_counter() - began < seconds:
            self.step(lambda stage: None)
            if self.device.type == "cpu" or steps % 8 == 7:     # not ever further ahead of a card
                self.wait()
            steps += 1
        self.wait()
        speed = steps * self.batch / (time.perf_counter() - began)
        processor = (time.process_time() - used) / (steps * self.batch)
        totals, marks = dict.fromkeys(STAGES, 0.0), 0
        last = time.perf_counter()

        def mark(stage: str) -> None:
            nonlocal last
            self.wait()
            now = time.perf_counter()
            totals[stage], last = totals[stage] + now - last, now
        while marks < max(2, steps // 3):
            self.step(mark)
            marks += 1
        return speed, {stage: total / marks for stage, total in totals.items()}, processor


def tell_speed(data: Path | None, network: str, size: int, batch: int | None, seconds: float, precision: str,
               compile_steps: str, threads: int | None) -> None:
    """Prints what `python -m trainer speed` tells."""
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on_card = device.type == "cuda"
    half, compiled = (wanted in ("bf16", "on") or wanted == "auto" and on_card for wanted in (precision, compile_steps))
    batch = batch or (256 if on_card else 8)
    samples = [load(photo, size) for photo in read_photo_set(data).photos] if data else noise(64, size, 21)
    if on_card:
        torch.set_float32_matmul_precision("high")
    name = torch.cuda.get_device_name() if on_card else f"{torch.get_num_threads()} of the processor's threads"
    print(f"{network} at {size}x{size}, batches of {batch}, {'bf16' if half else 'fp32'}, "
          f"{'compiled' if compiled else 'not compiled'}, {len(samples)} photos, on {name}", flush=True)
    speed, stages, processor = SpeedTest(samples, network, size, batch, device, half, compiled).measured(seconds)
    print(f"{speed:.1f} images/s; {1 / processor:.1f} per second of the processor")
    for stage, needed in stages.items():
        print(f"  {stage}: {1000 * needed / batch:.3f} ms an image, {100 * needed / sum(stages.values()):.0f} %")
    if on_card:
        print(f"  memory: {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")
