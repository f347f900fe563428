"""The whole course of a training run: crops first, then photos at mixed sizes, then at the size of use."""
import json
import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch
import torch.nn.functional as F

from . import checkpoint
from .crops import Crops, centre_crops
from .cutouts import cut_out, mixed, read_objects
from .dataset import DataError, load, read_photo_set, split
from .detection import DetectionLoss
from .distillation import Distillation
from .empty import EmptyPictures
from .evaluation import average_precision, to_input
from .matching import PUBLISHED_SCALES, anchors_for, coverage
from .networks import SPECS, Classifier, Detector
from .progress import Budget, Log
from .sampler import MultiScaleBatches
from .scenes import Augmentation, Scenes, collate
from .stage import Stage
from .teacher import Teacher
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
    crop_sizes: list[int] = field(default_factory=lambda: [96, 112, 128])
    batch: int = 8                              # at `size`
    crop_batch: int = 24                        # at the largest of `crop_sizes`
    learning_rate: float = 1.2e-3
    pretrain_learning_rate: float = 2e-3
    weight_decay: float = 0.02
    ignore_boxes: Path | None = None            # annotation files with further boxes of the same photos
    soft_boxes: Path | None = None
    teacher: Path | None = None                 # an ONNX file, see Teacher
    teacher_boxes: bool = True                  # learn from its boxes
    imitate: float = 2.0                        # weight of the imitation of its feature maps
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
        self.options, self.folder = options, Path(folder)
        if options.threads:
            torch.set_num_threads(options.threads)
            cv2.setNumThreads(options.threads)
        torch.manual_seed(options.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.order = options.channel_order or SPECS[options.network].channel_order
        photos = read_photo_set(data, options.ignore_boxes, options.soft_boxes)
        self.classes = photos.classes
        training, held_back = split(photos, validation)
        self.training = [load(photo, options.longest) for photo in training]
        self.held_back = [load(photo, options.longest) for photo in held_back]
        if not any(len(sample.boxes) for sample in self.training):
            raise DataError(f"{data}: no training photo has a box")
        print(f"{len(training)} photos for training, {len(held_back)} for validation; cutting objects out", flush=True)
        self.cutouts = [cutout for sample in self.training for cutout in cut_out(sample)]
        own = read_objects(options.objects, self.classes) if options.objects else []
        self.cutouts = mixed(self.cutouts, own, options.objects_share)
        print(f"{len(self.cutouts)} objects can be pasted into other photos", flush=True)
        self.empty = EmptyPictures(options.backgrounds, options.longest)
        self.start_from = start_from
        self.tell_coverage()
        for name in ("checkpoint.pt", "best.pt", "latest.pt", "labels.txt", "validation.txt", "run.json"):
            checkpoint.reject_replacing(self.folder / name, start_from)
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

    def import_command(self) -> list[str]:
        """What makes a model file of the run's weights, in the directory where it is typed."""
        size, scales = self.options.size, ",".join(f"{scale:g}" for scale in self.options.anchor_scales)
        return ["swiftlet-model", "import", str(self.folder / "latest.pt"), "-o", f"{self.folder.name}.gguf",
                "--labels", str(self.folder / "labels.txt"), "--channel-order", self.order,
                "--size", f"{size}x{size}", "--anchor-scales", scales]

    def take_over_start(self, detector: Detector) -> None:
        weights = checkpoint.detector_weights(checkpoint.read(self.start_from))
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
        return {"weight_decay": options.weight_decay, "workers": options.workers,
                "save_minutes": options.save_minutes,
                "evaluate_minutes": options.evaluate_minutes or min(15, options.minutes / 8)}

    def crops_stage(self, detector: Detector, budget: Budget) -> Stage:
        options = self.options
        model = Classifier(options.network, len(self.classes) + 1)
        checkpoint.take_over(model, detector.state_dict())
        model.to(self.device, memory_format=torch.channels_last)
        crops = Crops(self.training, self.cutouts, options.augmentation, len(self.classes))
        batches = MultiScaleBatches(len(crops.objects), options.seed, lambda: options.crop_sizes, options.crop_batch,
                                    max(options.crop_sizes))
        pictures, labels = centre_crops(self.held_back, sorted(options.crop_sizes)[len(options.crop_sizes) // 2])

        def loss(model: Classifier, batch: tuple) -> dict[str, torch.Tensor]:
            logits = model(to_input(batch[0], self.order, self.device))
            return {"class_loss": F.cross_entropy(logits, batch[1].to(self.device), label_smoothing=0.05)}

        @torch.no_grad()
        def evaluate(model: Classifier) -> dict[str, float]:
            model.eval()
            right = sum(int((model(to_input(part, self.order, self.device)).argmax(1).cpu() == wanted).sum())
                        for part, wanted in zip(pictures.split(32), labels.split(32)))
            return {"top1": right / len(labels)}

        settings = self.stage_settings()
        settings["evaluate_minutes"] = min(3, settings["evaluate_minutes"])
        return Stage("crops", model, crops, batches, budget, loss, evaluate, lambda model: None,
                     self.folder, learning_rate=options.pretrain_learning_rate, **settings)

    def detection_stage(self, model: Detector) -> Stage:
        options = self.options
        model.to(self.device, memory_format=torch.channels_last)
        model.freeze(options.learn)
        budget = self.detection_budget()
        scenes = Scenes(self.training, self.cutouts, options.augmentation, self.empty)
        batches = MultiScaleBatches(
            len(self.training), options.seed + 1,
            lambda: options.sizes if budget.fraction() < 1 - options.finish else [options.size],
            options.batch, options.size)

        loss = DetectionLoss(self.order, options.anchor_scales, self.device, self.terms(model))
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

        return Stage("detection", model, scenes, batches, budget, loss, evaluate, export, self.folder,
                     learning_rate=options.learning_rate, collate=collate, further=loss.terms, **settings)

    def terms(self, model: Detector) -> list[Term]:
        """What the loss has besides classes and boxes."""
        options = self.options
        if options.teacher is None:
            return []
        teacher = Teacher(options.teacher, self.classes, torch.get_num_threads(), maps=options.imitate > 0)
        return [Distillation(teacher, model.encoder.channels, options.teacher_boxes, options.imitate)]

