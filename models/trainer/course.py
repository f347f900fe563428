"""What training runs of all tasks have in common: options, the run's directory, time, start and end."""
import json
import math
import shlex
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch
from torch import nn

from . import checkpoint
from .documents import DataError
from .matching import PUBLISHED_SCALES
from .networks import SPECS
from .progress import Budget
from .scenes import Augmentation
from .stage import Stage
from .team import Team


@dataclass
class Options:
    """All that a run depends on besides the photos. Budgets are minutes, or steps where `steps` is given."""
    task: str = "detection"
    network: str = "0.5"
    channel_order: str | None = None            # None: the network's own
    minutes: float = 120
    pretrain_minutes: float = 15                # of `minutes`
    steps: int | None = None
    pretrain_steps: int | None = None
    size: int = 320
    anchor_scales: tuple[float, float] = PUBLISHED_SCALES
    sizes: list[int] = field(default_factory=lambda: [224, 256, 288])
    finish: float = 0.6                         # share of the detection stage that is spent at `size` alone
    batches: str = "scenes"                     # made photo by photo on the processor, or "device": composed there
    whole: float = 0.15                         # of "device": share of the detection stage at its end without mosaic
    balance: float = 0.0                        # classes shown in a smaller share of the photos come more often
    precision: str = "auto"                     # "bf16", "fp32"; auto: bf16 on a graphics card
    compile: str = "auto"                       # "on", "off"; auto: on a graphics card
    average: float = 0.998                      # how much of the averaged weights a step keeps
    crop_sizes: list[int] = field(default_factory=lambda: [96, 112, 128])
    batch: int = 8                              # at `size`
    crop_batch: int = 24                        # at the largest of `crop_sizes`
    learning_rate: float = 1.2e-3
    pretrain_learning_rate: float = 2e-3
    label_smoothing: float | None = None        # None: 0.05, and 0 of a detector's boxes
    weight_decay: float = 0.02
    ignore_boxes: Path | None = None            # annotation files with further boxes of the same photos
    soft_boxes: Path | None = None
    teacher: Path | None = None                 # an ONNX file, see Teacher; or one of detections, see detections.read
    teacher_boxes: bool = True                  # learn from its boxes
    imitate: float = 8.0                        # weight of the imitation of its feature maps
    longest: int = 640
    seed: int = 0
    workers: int = 0
    threads: int | None = None
    save_minutes: float = 5
    evaluate_minutes: float | None = None       # None: an eighth of `minutes`, at most 15
    objects: Path | None = None                 # directory of images of single objects, see read_objects
    objects_share: float = 0.25                 # of what is pasted
    learn: str = "all"                          # or "detection", "scores": see Detector.freeze
    backgrounds: Path | None = None             # directory of photos that show none of the objects
    augmentation: Augmentation = field(default_factory=Augmentation)


class Course:
    """A training run in a directory of its own. What a task adds: `run_stages`, and `classes` before `prepare` is called."""

    def __init__(self, folder: Path, options: Options, start_from: Path | None = None):
        self.options, self.folder, self.start_from, self.team = options, Path(folder), start_from, Team.joined()
        self.classes: list[str] = []
        if not 0 <= options.imitate < math.inf:
            raise DataError(f"--imitate is {options.imitate:g}, but must be 0 or a weight above it, as 8")
        if options.augmentation.zoom < 1:
            raise DataError(f"--zoom must be 1 or more, but is {options.augmentation.zoom:g}")
        if options.threads:
            torch.set_num_threads(options.threads)
            cv2.setNumThreads(options.threads)
        torch.manual_seed(options.seed)
        self.device = self.team.device()
        on_card = self.device.type == "cuda"
        self.half = options.precision == "bf16" or options.precision == "auto" and on_card
        self.compiled = options.compile == "on" or options.compile == "auto" and on_card
        if on_card:
            torch.set_float32_matmul_precision("high")
        if self.compiled:
            torch._dynamo.config.suppress_errors = True     # what cannot be compiled runs as it is, with a warning
        self.order = options.channel_order or SPECS[options.network].channel_order

    def prepare(self, held_back: list[str]) -> None:
        """Makes the run's directory and leaves in it what it is of. `held_back`: names of the photos to judge by."""
        for name in ("checkpoint.pt", "best.pt", "latest.pt", "labels.txt", "validation.txt", "run.json"):
            checkpoint.reject_replacing(self.folder / name, self.start_from)
        if not self.team.leads:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "labels.txt").write_text("".join(f"{name}\n" for name in self.classes), encoding="utf-8")
        (self.folder / "validation.txt").write_text("".join(f"{name}\n" for name in held_back), encoding="utf-8")
        (self.folder / "run.json").write_text(json.dumps(self.described(), indent=1) + "\n", encoding="utf-8")

    def described(self) -> dict:
        """What the run is of, for its run.json."""
        return {"task": self.options.task, "network": self.options.network, "channel_order": self.order,
                "size": self.options.size, "classes": self.classes}

    def train(self, resume: bool = False) -> None:
        """All stages, from the start or from the directory's last checkpoint."""
        self.tell_cost()
        file = self.folder / "checkpoint.pt"
        if not resume and file.exists():
            raise DataError(f"{self.folder} contains a run already: add --resume, or name another directory")
        self.run_stages(checkpoint.read(file) if resume and file.exists() else None)
        print(shlex.join(self.import_command()), flush=True)

    def run_stages(self, state: dict | None) -> None:
        """`state`: of the stage with which to continue."""
        raise NotImplementedError

    def tell_cost(self) -> None:
        """What is known before the first step; each stage says more once its speed is known."""
        options = self.options
        ends = time.strftime("%d %b, %H:%M", time.localtime(time.time() + 60 * options.minutes))
        length = f"{options.minutes:g} minutes in all, until {ends}" if options.steps is None else f"{options.steps} steps"
        where = f"{self.team.size} processes" if self.team.size > 1 else "one process"
        print(f"this run takes {length}: {where} on {self.device.type}, a checkpoint every {options.save_minutes:g} minutes",
              flush=True)

    def import_command(self) -> list[str]:
        """What makes a model file of the run's weights, in the directory where it is typed."""
        size = self.options.size
        return ["swiftlet-model", "import", str(self.folder / "latest.pt"), "-o", f"{self.folder.name}.gguf",
                "--labels", str(self.folder / "labels.txt"), "--channel-order", self.order, "--size", f"{size}x{size}"]

    def take_over_start(self, model: nn.Module) -> None:
        weights = checkpoint.network_weights(checkpoint.read(self.start_from))
        left, count = checkpoint.take_over(model, weights), len(model.state_dict())
        if len(left) == count:
            raise DataError(f"{self.start_from} shares no tensor with network {self.options.network}: is it a "
                            "checkpoint of another network?")
        parts = Counter(key.split(".")[0] for key in left)
        print(f"{count - len(left)} of {count} tensors taken from {self.start_from}"
              + "".join(f"; {number} of {part} start again" for part, number in sorted(parts.items())), flush=True)

    def main_budget(self) -> Budget:
        """Of the stage that makes the result."""
        if self.options.steps is not None:
            return Budget(steps=self.options.steps)
        return Budget(minutes=self.options.minutes)

    def sizes_within(self, budget: Budget) -> list[int]:
        """The sizes of which a batch may be: after the first part of the stage the one of use alone."""
        return self.options.sizes if budget.fraction() < 1 - self.options.finish else [self.options.size]

    def label_smoothing(self, otherwise: float = 0.05) -> float:
        """The part of a label that all classes share."""
        chosen = self.options.label_smoothing
        if chosen is not None and not 0 <= chosen < 1:
            raise DataError(f"--label-smoothing must be from 0 to below 1, but is {chosen:g}")
        return otherwise if chosen is None else chosen

    def stage_settings(self) -> dict:
        options = self.options
        return {"weight_decay": options.weight_decay,
                "team": self.team, "decay": options.average,
                "save_minutes": options.save_minutes,
                "evaluate_minutes": options.evaluate_minutes or min(15, options.minutes / 8)}

    def export(self, model: nn.Module, name: str = "latest.pt") -> None:
        """Writes the weights as swiftlet-model imports them."""
        checkpoint.save_atomically(checkpoint.plain_weights(checkpoint.published_names(model.state_dict())),
                                   self.folder / name)
