"""The whole course of a detector's training: crops first, then photos at mixed sizes, then at the size of use."""
from pathlib import Path

import torch
import torch.nn.functional as F

from . import checkpoint
from .batches import ComposedBatches, LoadedBatches, empty_pictures
from .course import Course, Options
from .crops import Crops, centre_crops
from .cutouts import Cutout, cut_out, mixed, read_objects
from .dataset import DataError, load, read_photo_set, split
from .detection import DetectionLoss
from .distillation import Distillation, SoftBoxes
from .empty import EmptyPictures
from .evaluation import average_precision, to_input
from .matching import anchors_for, coverage
from .networks import Classifier, Detector
from .pool import pool_of
from .progress import Budget, Log
from .sampler import MultiScaleBatches, repeat_factors
from .scenes import Scenes, collate
from .stage import Stage
from .teacher import Teacher
from .terms import Term


class Run(Course):
    """A training run of a detector in a directory of its own."""

    def __init__(self, data: Path, folder: Path, options: Options, validation: Path | None = None,
                 start_from: Path | None = None):
        super().__init__(folder, options, start_from)
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
        self.repeats = repeat_factors([sample.labels for sample in self.training], options.balance)
        self.tell_coverage()
        self.prepare([photo.name for photo in held_back])

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

    def described(self) -> dict:
        return {**super().described(), "anchor_scales": self.options.anchor_scales}

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

    def run_stages(self, state: dict | None) -> None:
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

    def import_command(self) -> list[str]:
        return [*super().import_command(), "--anchor-scales", ",".join(f"{scale:g}" for scale in self.options.anchor_scales)]

    def pretraining_budget(self) -> Budget | None:
        """None where this stage is skipped."""
        options = self.options
        if options.steps is not None:
            return Budget(steps=options.pretrain_steps) if options.pretrain_steps else None
        return Budget(minutes=options.pretrain_minutes) if options.pretrain_minutes > 0 else None

    def main_budget(self) -> Budget:
        if self.options.steps is not None:
            return super().main_budget()
        minutes = self.options.minutes - max(0, self.options.pretrain_minutes)
        if minutes <= 0:
            raise DataError("--minutes must exceed --pretrain-minutes, which are a part of them")
        return Budget(minutes=minutes)

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
            loss = F.cross_entropy(logits.float(), batch[1].to(self.device), label_smoothing=self.label_smoothing())
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
        budget = self.main_budget()
        loss = DetectionLoss(self.order, options.anchor_scales, self.device, self.terms(model), self.team, self.half,
                             self.compiled, self.label_smoothing(otherwise=0))
        sampler = MultiScaleBatches(len(self.training), options.seed + 1, lambda: self.sizes_within(budget), options.batch,
                                    options.size, self.repeats, self.team.rank, self.team.size)
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
                self.export(model, "best.pt")
            return figures

        stage = Stage("detection", model, source, budget, loss, evaluate, self.export, self.folder,
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
        terms: list[Term] = [SoftBoxes()] if any((sample.weights < 1).any() for sample in self.training) else []
        if options.teacher is not None and not is_list(options.teacher):
            teacher = Teacher(options.teacher, self.classes, torch.get_num_threads(), maps=options.imitate > 0)
            terms.append(Distillation(teacher, model.encoder.channels, options.teacher_boxes, options.imitate))
        return terms


def is_list(teacher: Path | None) -> bool:
    """Whether a teacher is not a model but what one has found in the photos."""
    return teacher is not None and teacher.suffix.lower() == ".json"

