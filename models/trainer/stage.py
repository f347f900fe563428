"""One stage of training: steps until the budget is spent, with averaged weights, log and resumable checkpoints."""
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset

from .checkpoint import save_atomically
from .progress import Budget, Log, plot
from .sampler import MultiScaleBatches


def averaging(decay: float) -> Callable:
    """Exponential averaging that forgets the first, random weights faster than later ones."""
    @torch.no_grad()
    def update(averages: list[torch.Tensor], currents: list[torch.Tensor], count: torch.Tensor | int) -> None:
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, currents, 1 - keep)
        else:
            for average, current in zip(averages, currents):
                average.copy_(current)
    return update


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay applies to matrices and filters, not to biases and norms."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0}]


def cosine(fraction: float, warm_up: float = 0.02, last: float = 0.002) -> float:
    """The learning rate's factor: from 0.1 linearly up to 1, then along a cosine down to `last`."""
    if fraction < warm_up:
        return 0.1 + 0.9 * fraction / warm_up
    return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * (fraction - warm_up) / (1 - warm_up)))


class Stage:
    """Trains `model` on `images` with `loss`, which returns named losses whose sum is minimised.

    `evaluate` gets the averaged model and returns named figures; `export` gets it whenever a checkpoint is written.
    """

    def __init__(self, name: str, model: nn.Module, pictures: Dataset, batches: MultiScaleBatches, budget: Budget,
                 loss: Callable, evaluate: Callable, export: Callable, folder: Path, *, learning_rate: float,
                 weight_decay: float = 0.02, decay: float = 0.998, workers: int = 0, collate: Callable | None = None,
                 save_minutes: float = 5, evaluate_minutes: float = 15, further: nn.Module | None = None):
        """`further`: what learns besides the model, and is kept in checkpoints."""
        self.further = further or nn.Module()
        self.name, self.model, self.budget, self.batches = name, model, budget, batches
        self.loss, self.evaluate, self.export, self.folder = loss, evaluate, export, folder
        self.learning_rate = learning_rate
        self.save_minutes, self.evaluate_minutes = save_minutes, evaluate_minutes
        self.average = AveragedModel(model, multi_avg_fn=averaging(decay), use_buffers=True)
        self.learning = nn.ModuleList([model, self.further])
        self.optimizer = torch.optim.AdamW(parameter_groups(self.learning, weight_decay), lr=learning_rate)
        self.loader = DataLoader(pictures, batch_sampler=batches, num_workers=workers, collate_fn=collate,
                                 pin_memory=torch.cuda.is_available())
        self.log = Log(folder / "log.csv")
        self.seen = 0

    def state(self) -> dict:
        return {"stage": self.name, "model": self.model.state_dict(), "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(), "budget": self.budget.state(), "seen": self.seen, "further": self.further.state_dict()}

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.further.load_state_dict(state["further"])
        self.budget.restore(state["budget"])
        self.seen = state["seen"]

    def save(self) -> None:
        save_atomically(self.state(), self.folder / "checkpoint.pt")
        self.export(self.average.module)
        plot(self.log, self.folder / "curves.png")

    def judge(self) -> None:
        """Evaluates the averaged weights; the time that takes belongs to the budget."""
        figures = self.evaluate(self.average.module)
        self.log.add(stage=self.name, minutes=self.budget.seconds() / 60, step=self.budget.done_steps, **figures)
        print(f"{self.name}: validation " + ", ".join(f"{key} {value:.3f}" for key, value in figures.items()),
              flush=True)

    def run(self) -> nn.Module:
        """Trains to the end of the budget; returns the averaged model."""
        self.batches.start_after(self.budget.done_steps, self.seen)
        self.budget.start()
        last_save = last_judged = time.monotonic()
        window = Window()
        batches = iter(self.loader)
        while self.budget.fraction() < 1:
            batch = next(batches)
            self.step(batch, window)
            now = time.monotonic()
            if window.due(now) or self.budget.fraction() >= 1:
                self.report(window, batch[0].shape[-1], now)
                window = Window()
            if now - last_judged > 60 * self.evaluate_minutes and self.budget.fraction() < 1:
                self.judge()
                last_judged = time.monotonic()
            if now - last_save > 60 * self.save_minutes:
                self.save()
                last_save = time.monotonic()
            window.since += time.monotonic() - now  # speed is that of training alone
        self.budget.stop()
        self.judge()
        self.save()
        return self.average.module

    def step(self, batch: tuple, window: "Window") -> None:
        rate = self.learning_rate * cosine(self.budget.fraction())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        for part in self.model.modules():
            parameters = list(part.parameters(recurse=False))
            if parameters and not any(parameter.requires_grad for parameter in parameters):
                part.eval()  # a batch norm that does not learn keeps its statistics too
        torch.manual_seed(self.budget.done_steps)  # for dropout: a resumed run then repeats an uninterrupted one
        losses = self.loss(self.model, batch)
        total = sum(losses.values())
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss became {float(total)} in step {self.budget.done_steps}: resume from "
                                     "the last checkpoint with a lower --learning-rate")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.learning.parameters(), 10.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        self.budget.done_steps += 1
        self.seen += len(batch[0])
        window.add(len(batch[0]), {"loss": total, **losses})

    def report(self, window: "Window", size: int, now: float) -> None:
        speed, losses = window.pictures / max(1e-9, now - window.since), window.means()
        self.log.add(stage=self.name, minutes=self.budget.seconds() / 60, step=self.budget.done_steps, size=size,
                     learning_rate=self.optimizer.param_groups[0]["lr"], pictures_per_second=speed, **losses)
        print(f"{self.name}: step {self.budget.done_steps}, {self.budget.seconds() / 60:.1f} min, "
              f"{self.budget.minutes_left():.1f} min left, {speed:.1f} images/s, "
              + ", ".join(f"{key} {value:.3f}" for key, value in losses.items()), flush=True)


class Window:
    """The losses since the last line of the log."""

    def __init__(self, seconds: float = 20):
        self.since, self.seconds = time.monotonic(), seconds
        self.pictures, self.steps, self.sums = 0, 0, {}

    def add(self, pictures: int, losses: dict[str, torch.Tensor]) -> None:
        self.pictures += pictures
        self.steps += 1
        for key, value in losses.items():
            self.sums[key] = self.sums.get(key, 0) + value.detach()

    def means(self) -> dict[str, float]:
        return {key: float(value) / self.steps for key, value in self.sums.items()}

    def due(self, now: float) -> bool:
        return now - self.since > self.seconds
