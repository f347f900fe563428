"""One stage of training: steps until the budget is spent, with averaged weights, log and resumable checkpoints."""
import copy
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from .batches import ComposedBatches, LoadedBatches
from .checkpoint import save_atomically
from .progress import Budget, Log, plot
from .team import Team


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


class Average(nn.Module):
    """A copy of a network whose weights and statistics are running means of its own."""

    def __init__(self, model: nn.Module, decay: float):
        super().__init__()
        self.module = copy.deepcopy(model).requires_grad_(False)
        self.register_buffer("n_averaged", torch.tensor(0))  # on the processor: reading it must not wait for a card
        self.blend = averaging(decay)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        count = int(self.n_averaged)
        own, current = ([*part.parameters(), *part.buffers()] for part in (self.module, model))
        groups = [[pair for pair in zip(own, current) if pair[0].is_floating_point() == kind] for kind in (True, False)]
        for group in groups:
            averages, currents = [pair[0] for pair in group], [pair[1].detach() for pair in group]
            if not group:
                continue
            if count:
                self.blend(averages, currents, count)
            else:
                torch._foreach_copy_(averages, currents)
        self.n_averaged += 1


class Stage:
    """Trains `model` on the batches of `source` with `loss`, which returns named losses whose sum is minimised.

    `evaluate` gets the averaged model and returns named figures; `export` gets it whenever a checkpoint is written.
    `further`: what learns besides the model, and is kept in checkpoints.
    """

    def __init__(self, name: str, model: nn.Module, source: LoadedBatches | ComposedBatches, budget: Budget, loss: Callable,
                 evaluate: Callable, export: Callable, folder: Path, *, learning_rate: float, weight_decay: float = 0.02,
                 decay: float = 0.998, save_minutes: float = 5, evaluate_minutes: float = 15,
                 further: nn.Module | None = None, team: Team = Team()):
        self.name, self.model, self.budget, self.source, self.team = name, model, budget, source, team
        self.loss, self.evaluate, self.export, self.folder = loss, evaluate, export, folder
        self.learning_rate = learning_rate
        self.save_minutes, self.evaluate_minutes = save_minutes, evaluate_minutes
        self.average = Average(model, decay)
        self.further = further or nn.Module()
        self.learning = nn.ModuleList([model, self.further])
        self.device = next(model.parameters()).device
        self.optimizer = torch.optim.AdamW(parameter_groups(self.learning, weight_decay), lr=learning_rate, fused=True)
        self.log = Log(folder / "log.csv")
        self.seen = 0
        self.is_finite = torch.ones((), dtype=torch.bool, device=self.device)
        self.has_told = False

    def state(self) -> dict:
        return {"stage": self.name, "model": self.model.state_dict(), "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(), "budget": self.budget.state(), "seen": self.seen,
                "further": self.further.state_dict()}

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.further.load_state_dict(state.get("further", {}))
        self.budget.restore(state["budget"])
        self.seen = state["seen"]

    def save(self) -> None:
        self.check()
        if not self.team.leads:
            return
        save_atomically(self.state(), self.folder / "checkpoint.pt")
        self.export(self.average.module)
        plot(self.log, self.folder / "curves.png")

    def judge(self) -> None:
        """Evaluates the averaged weights; the time that takes belongs to the budget."""
        if not self.team.leads:
            return
        figures = self.evaluate(self.average.module)
        self.log.add(stage=self.name, minutes=self.budget.seconds() / 60, step=self.budget.done_steps, **figures)
        print(f"{self.name}: validation " + ", ".join(f"{key} {value:.3f}" for key, value in figures.items()),
              flush=True)

    def run(self) -> nn.Module:
        """Trains to the end of the budget; returns the averaged model."""
        self.source.sampler.start_after(self.budget.done_steps, self.seen)
        self.team.share(self.learning)
        self.budget.start()
        self.agree()
        last_save = last_judged = time.monotonic()
        window = Window()
        batches = iter(self.source)
        while self.budget.fraction() < 1:
            batch = next(batches)
            self.step(batch, window)
            self.agree()
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
        self.team.wait()
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
        # For dropout: a resumed run then repeats an uninterrupted one.
        torch.manual_seed(self.budget.done_steps + (self.team.rank << 32))
        losses = self.loss(self.model, batch)
        total = sum(losses.values())
        self.is_finite &= torch.isfinite(total.detach())
        if self.device.type == "cpu":           # a card would have to be waited for
            self.check()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.team.add_gradients(self.learning)
        nn.utils.clip_grad_norm_(self.learning.parameters(), 10.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.budget.done_steps += 1
        self.seen += len(batch[0]) * self.team.size
        window.add(len(batch[0]) * self.team.size, {name: value.detach() * self.team.size
                                                             for name, value in {"loss": total, **losses}.items()})

    def agree(self) -> None:
        """All processes go by the first one's clock, once a step."""
        if self.team.size > 1:
            self.budget.agreed = self.team.agreed(self.budget.spent(), self.device)

    def check(self) -> None:
        if not self.is_finite:
            raise FloatingPointError(f"the loss became infinite or nan by step {self.budget.done_steps + 1}: resume from "
                                     "the last checkpoint with a lower --learning-rate")

    def tell_cost(self, speed: float) -> None:
        """What the stage comes to, once its speed is known."""
        left = self.budget.minutes_left()
        ends = time.strftime("%d %b, %H:%M", time.localtime(time.time() + 60 * left))
        pictures = self.seen + speed * 60 * left
        print(f"{self.name}: at this speed about {pictures:,.0f} images in all, {pictures / self.source.sampler.photos:.1f} for "
              f"each photo; ends in {left:.0f} minutes, {ends}", flush=True)

    def report(self, window: "Window", size: int, now: float) -> None:
        self.check()
        if not self.team.leads:
            return
        speed, losses = window.pictures / max(1e-9, now - window.since), window.means()
        self.log.add(stage=self.name, minutes=self.budget.seconds() / 60, step=self.budget.done_steps, size=size,
                     learning_rate=self.optimizer.param_groups[0]["lr"], pictures_per_second=speed, **losses)
        print(f"{self.name}: step {self.budget.done_steps}, {self.budget.seconds() / 60:.1f} min, "
              f"{self.budget.minutes_left():.1f} min left, {speed:.1f} images/s, "
              + ", ".join(f"{key} {value:.3f}" for key, value in losses.items()), flush=True)
        if not self.has_told and self.budget.fraction() < 1:
            self.tell_cost(speed)
            self.has_told = True


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
