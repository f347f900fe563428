"""The whole course of a training run: crops first, then photos at mixed sizes, then at the size of use."""
import json
import math
import shlex
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch
import torch.nn.functional as F

from . import checkpoint
from .batches import ComposedBatches, LoadedBatches, empty_pictures
from .crops import Crops, centre_crops
from .cutouts import Cutout, cut_out, mixed, read_objects
from .dataset import DataError, Photo, load, read_photo_set, split
from .detection import DetectionLoss
from .distillation import Distillation, SoftBoxes
from .empty import EmptyPictures
from .evaluation import average_precision, to_input
from .matching import PUBLISHED_SCALES, anchors_for, coverage
from .networks import SPECS, Classifier, Detector
from .pool import pool_of
from .progress import Budget, Log
from .sampler import MultiScaleBatches, repeat_factors
from .scenes import Augmentation, Scenes, collate
from .stage import Stage
from .teacher import Teacher
from .team import Team
from .terms import Term


@dataclass
class Options:
    """All that a run depends on besides the photos. Budgets are minutes, or steps where `steps` is given."""
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


class Run:
    """A training run in a directory of its own."""

    def __init__(self, data: Path, folder: Path, options: Options, validation: Path | None = None,
                 start_from: Path | None = None):
        self.options, self.folder, self.team = options, Path(folder), Team.joined()
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
        photos = read_photo_set(data, options.ignore_boxes, options.soft_boxes,
                                options.teacher if is_list(options.teacher) and options.teacher_boxes else None)
        self.classes = photos.classes
        training, held_back = split(photos, validation)
        self.on_device = options.batches == "device"
        longest = min(options.longest, options.size) if self.on_device else options.longest
        self.training = [load(photo, longest) for photo in training]
        self.held_back = [load(photo, options.longest) for photo in held_back] if self.team.leads else []
        if not any(len(sample.boxes) for sample in self.training):
            raise DataError(f"{data}: no training photo has a box")
        print(f"{len(training)} photos for training, {len(held_back)} for validation", flush=True)
        self.cutouts = self.cut_objects()
        self.empty = EmptyPictures(options.backgrounds, options.longest)
        self.start_from = start_from
        self.repeats = repeat_factors([sample.labels for sample in self.training], options.balance)
        self.tell_coverage()
        for name in ("checkpoint.pt", "best.pt", "latest.pt", "labels.txt", "validation.txt", "run.json"):
            checkpoint.reject_replacing(self.folder / name, start_from)
        if self.team.leads:
            self.describe(held_back)

    def cut_objects(self) -> list[Cutout]:
        """What can be pasted into other photos; nothing where batches are composed on the device, which pastes nothing."""
        options = self.options
        if self.on_device:
            if options.objects:
                raise DataError("--objects are pasted with --batches scenes alone: leave one of the two out")
            return []
        print("cutting objects out", flush=True)
        cutouts = [cutout for sample in self.training for cutout in cut_out(sample)]
        own = read_objects(options.objects, self.classes) if options.objects else []
        cutouts = mixed(cutouts, own, options.objects_share)
        print(f"{len(cutouts)} objects can be pasted into other photos", flush=True)
        return cutouts

    def describe(self, held_back: list[Photo]) -> None:
        """Leaves in the run's directory what it is of."""
        options = self.options
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "labels.txt").write_text("".join(f"{name}\n" for name in self.classes), encoding="utf-8")
        (self.folder / "validation.txt").write_text("".join(f"{p.name}\n" for p in held_back), encoding="utf-8")
        described = {"network": options.network, "channel_order": self.order, "size": options.size,
                     "anchor_scales": options.anchor_scales, "classes": self.classes}
        (self.folder / "run.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")

    def tell_coverage(self) -> None:
        """Says which classes are too small, or too large, for the anchors: no time of training makes up for that."""
        options = self.options
        with torch.no_grad():
            maps = Detector(options.network, 2).eval()(torch.zeros(1, 3, options.size, options.size))[2]
        relative = [sample.boxes / torch.tensor(sample.picture.shape[1:]).flip(0).repeat(2) for sample in self.training]
        found = coverage(torch.cat(relative), torch.cat([sample.labels for sample in self.training]),
                         anchors_for(tuple(maps), options.anchor_scales))
        print("objects that an anchor fits: " + ", ".join(f"{self.classes[label - 1]} {share:.0%}"
                                                          for label, share in found.items()), flush=True)
        if min(found.values()) < 0.6:
            print("fewer than 60 % of a class: other --anchor-scales or a larger --size may find more of it", flush=True)

    def train(self, resume: bool = False) -> None:
        """Both stages, from the start or from the directory's last checkpoint."""
        self.tell_cost()
        file = self.folder / "checkpoint.pt"
        state = checkpoint.read(file) if resume and file.exists() else None
        if not resume and file.exists():
            raise DataError(f"{self.folder} contains a run already: add --resume, or name another directory")
        detector = Detector(self.options.network, len(self.classes) + 1)
        if state is None or state["stage"] == "crops":
            if self.start_from:
                self.take_over_start(detector)
            budget = self.pretraining_budget()
            if budget:
                stage = self.crops_stage(detector, budget)
                if state is not None:
                    stage.restore(state)
                checkpoint.take_over(detector, stage.run().state_dict())
            state = None
        stage = self.detection_stage(detector)
        if state is not None:
            stage.restore(state)
        stage.run()
        print(shlex.join(self.import_command()), flush=True)

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
        size, scales = self.options.size, ",".join(f"{scale:g}" for scale in self.options.anchor_scales)
        return ["swiftlet-model", "import", str(self.folder / "latest.pt"), "-o", f"{self.folder.name}.gguf",
                "--labels", str(self.folder / "labels.txt"), "--channel-order", self.order,
                "--size", f"{size}x{size}", "--anchor-scales", scales]

    def take_over_start(self, detector: Detector) -> None:
        weights = checkpoint.network_weights(checkpoint.read(self.start_from))
        left, count = checkpoint.take_over(detector, weights), len(detector.state_dict())
        if len(left) == count:
            raise DataError(f"{self.start_from} shares no tensor with network {self.options.network}: is it a "
                            "checkpoint of the other network?")
        parts = Counter(key.split(".")[0] for key in left)
        print(f"{count - len(left)} of {count} tensors taken from {self.start_from}"
              + "".join(f"; {number} of {part} start again" for part, number in sorted(parts.items())), flush=True)

    def pretraining_budget(self) -> Budget | None:
        """None where this stage is skipped."""
        options = self.options
        if options.steps is not None:
            return Budget(steps=options.pretrain_steps) if options.pretrain_steps else None
        return Budget(minutes=options.pretrain_minutes) if options.pretrain_minutes > 0 else None

    def detection_budget(self) -> Budget:
        if self.options.steps is not None:
            return Budget(steps=self.options.steps)
        minutes = self.options.minutes - max(0, self.options.pretrain_minutes)
        if minutes <= 0:
            raise DataError("--minutes must exceed --pretrain-minutes, which are a part of them")
        return Budget(minutes=minutes)

    def stage_settings(self) -> dict:
        options = self.options
        return {"weight_decay": options.weight_decay,
                "team": self.team, "decay": options.average,
                "save_minutes": options.save_minutes,
                "evaluate_minutes": options.evaluate_minutes or min(15, options.minutes / 8)}

    def crops_stage(self, detector: Detector, budget: Budget) -> Stage:
        options = self.options
        model = Classifier(options.network, len(self.classes) + 1)
        checkpoint.take_over(model, detector.state_dict())
        model.to(self.device, memory_format=torch.channels_last)
        crops = Crops(self.training, self.cutouts, options.augmentation, len(self.classes))
        sampler = MultiScaleBatches(len(crops.objects), options.seed, lambda: options.crop_sizes, options.crop_batch,
                                    max(options.crop_sizes), None, self.team.rank, self.team.size)
        pictures, labels = centre_crops(self.held_back, sorted(options.crop_sizes)[len(options.crop_sizes) // 2]) \
            if self.team.leads else (None, None)

        def loss(model: Classifier, batch: tuple) -> dict[str, torch.Tensor]:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
                logits = model(to_input(batch[0], self.order, self.device))
            loss = F.cross_entropy(logits.float(), batch[1].to(self.device), label_smoothing=0.05)
            return {"class_loss": loss / self.team.size}

        @torch.no_grad()
        def evaluate(model: Classifier) -> dict[str, float]:
            model.eval()
            right = sum(int((model(to_input(part, self.order, self.device)).argmax(1).cpu() == wanted).sum())
                        for part, wanted in zip(pictures.split(32), labels.split(32)))
            return {"top1": right / len(labels)}

        settings = self.stage_settings()
        settings["evaluate_minutes"] = min(3, settings["evaluate_minutes"])
        return Stage("crops", model, LoadedBatches(crops, sampler, options.workers), budget, loss, evaluate, lambda model: None,
                     self.folder, learning_rate=options.pretrain_learning_rate, **settings)

    def detection_stage(self, model: Detector) -> Stage:
        options = self.options
        model.to(self.device, memory_format=torch.channels_last)
        model.freeze(options.learn)
        budget = self.detection_budget()
        loss = DetectionLoss(self.order, options.anchor_scales, self.device, self.terms(model), self.team, self.half,
                             self.compiled)
        sampler = MultiScaleBatches(
            len(self.training), options.seed + 1,
            lambda: options.sizes if budget.fraction() < 1 - options.finish else [options.size],
            options.batch, options.size, self.repeats, self.team.rank, self.team.size)
        source = self.composed_batches(sampler, budget) if self.on_device else LoadedBatches(
            Scenes(self.training, self.cutouts, options.augmentation, self.empty), sampler, options.workers, collate)
        log = Log(self.folder / "log.csv")
        settings = self.stage_settings()
        if options.learn == "scores":
            settings["weight_decay"] = 0.0      # it would move the rows that have no gradient

        def evaluate(model: Detector) -> dict[str, float]:
            figures = average_precision(model, self.held_back, options.network, options.size, self.order, self.device,
                                        options.anchor_scales)
            if figures["ap"] > max((float(row["ap"]) for row in log.rows() if row["ap"]), default=0.0):
                checkpoint.save_atomically(checkpoint.plain_weights(model.state_dict()), self.folder / "best.pt")
            return figures

        def export(model: Detector) -> None:
            checkpoint.save_atomically(checkpoint.plain_weights(model.state_dict()), self.folder / "latest.pt")

        stage = Stage("detection", model, source, budget, loss, evaluate, export, self.folder,
                      learning_rate=options.learning_rate, further=loss.terms, **settings)
        if self.compiled:
            model.compile(dynamic=False)
        return stage

    def composed_batches(self, sampler: MultiScaleBatches, budget: Budget) -> ComposedBatches:
        options = self.options
        # About as many as come in some epochs, so that none is seen often.
        count = max(16, min(512, len(self.training) // 4)) if options.augmentation.empty > 0 else 0
        empty = empty_pictures(self.training, self.empty.photos, count, options.size, options.seed) if count else []
        pool = pool_of(self.training, empty, self.device)
        print(f"{len(self.training)} photos and {len(empty)} images without objects held on {self.device.type}: "
              f"{pool.megabytes():.0f} MB", flush=True)
        return ComposedBatches(
            pool, len(self.training), sampler, options.augmentation,
            lambda: options.augmentation.mosaic if budget.fraction() < 1 - options.whole else 0.0, self.compiled)

    def terms(self, model: Detector) -> list[Term]:
        """What the loss has besides classes and boxes."""
        options = self.options
        if not 0 <= options.imitate < math.inf:
            raise DataError(f"--imitate is {options.imitate:g}, but must be 0 or a weight above it, as 8")
        terms: list[Term] = [SoftBoxes()] if any((sample.weights < 1).any() for sample in self.training) else []
        if options.teacher is not None and not is_list(options.teacher):
            teacher = Teacher(options.teacher, self.classes, torch.get_num_threads(), maps=options.imitate > 0)
            terms.append(Distillation(teacher, model.encoder.channels, options.teacher_boxes, options.imitate))
        return terms


def is_list(teacher: Path | None) -> bool:
    """Whether a teacher is not a model but what one has found in the photos."""
    return teacher is not None and teacher.suffix.lower() == ".json"

