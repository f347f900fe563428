"""Runs of classifiers and segmenters: one stage, on images held as squares, at mixed sizes and then at the size of use."""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from .course import Course, Options
from .distillation import Imitation
from .documents import DataError
from .evaluation import to_input
from .folders import split_folders
from .masks import split_masked
from .networks import Classifier, Segmenter
from .progress import Log
from .ranking import confusion, overlaps, top_shares
from .sampler import MultiScaleBatches, repeat_factors
from .squares import IGNORED, Squares, ViewBatches
from .stage import Stage
from .teacher import Teacher

HELD = 1.125                                    # images are held at so many times the size of use: views show parts of them


class PictureRun(Course):
    """What both have in common. A task adds `training` and `repeats`, the figure by which the best weights are told, and the
    methods below."""
    best_by: str
    training: Squares
    repeats: torch.Tensor

    def network(self) -> nn.Module:
        raise NotImplementedError

    def loss(self, model: nn.Module, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Of what `model` makes of a batch: a mean over it. Both in float32."""
        raise NotImplementedError

    def figures(self, model: nn.Module) -> dict[str, float]:
        """Of the images that were held back."""
        raise NotImplementedError

    def held_size(self) -> int:
        return round(HELD * self.options.size)

    def imitation(self, model: nn.Module) -> Imitation | None:
        """Of a teacher, if one is named."""
        options = self.options
        if options.teacher is None or not options.imitate:
            return None
        if options.teacher.suffix.lower() == ".json":
            raise DataError(f"{options.teacher}: boxes teach detectors alone: name an ONNX file")
        teacher = Teacher(options.teacher, self.classes, torch.get_num_threads(), maps=True)
        return Imitation(teacher, model.encoder.channels, options.imitate).to(self.device)

    def run_stages(self, state: dict | None) -> None:
        options, budget = self.options, self.main_budget()
        model = self.network()
        if state is None and self.start_from:
            self.take_over_start(model)
        model.to(self.device, memory_format=torch.channels_last)
        sampler = MultiScaleBatches(len(self.training), options.seed, lambda: self.sizes_within(budget), options.batch,
                                    options.size, self.repeats, self.team.rank, self.team.size)
        log = Log(self.folder / "log.csv")

        imitation = self.imitation(model)

        def loss(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
                logits, features = model(to_input(batch[0], self.order, self.device), with_features=True)
            losses = {"class_loss": self.loss(model, logits.float(), batch[1].to(self.device))}
            if imitation is not None:
                losses["map_loss"] = imitation(batch[0], features)
            return {name: value / self.team.size for name, value in losses.items()}

        def evaluate(model: nn.Module) -> dict[str, float]:
            figures = self.figures(model.eval())
            before = [float(row[self.best_by]) for row in log.rows() if row.get(self.best_by)]
            if figures[self.best_by] > max(before, default=0.0):
                self.export(model, "best.pt")
            return figures

        stage = Stage(options.task, model, ViewBatches(self.training, sampler, options.augmentation), budget, loss, evaluate,
                      self.export, self.folder, learning_rate=options.learning_rate, further=imitation,
                      **self.stage_settings())
        if self.compiled:
            model.compile(dynamic=False)
        if state is not None:
            stage.restore(state)
        stage.run()


class ClassificationRun(PictureRun):
    """A classifier of images that lie in a directory for each class."""
    best_by = "top1"

    def __init__(self, data: Path, folder: Path, options: Options, validation: Path | None = None,
                 start_from: Path | None = None):
        super().__init__(folder, options, start_from)
        training, held_back = split_folders(data, validation)
        self.classes = training.classes
        self.training = Squares(training.squares(self.held_size()), torch.tensor(training.labels), self.device)
        self.held_back = held_back.squares(options.size, options.network) if self.team.leads else None
        self.wanted = torch.tensor(held_back.labels)
        self.repeats = repeat_factors([torch.tensor([label]) for label in training.labels], options.balance)
        print(f"{len(training.names)} images of {len(self.classes)} classes for training, {len(held_back.names)} for "
              "validation", flush=True)
        self.prepare(held_back.names)

    def network(self) -> nn.Module:
        return Classifier(self.options.network, len(self.classes))

    def loss(self, model: nn.Module, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing())

    def figures(self, model: nn.Module) -> dict[str, float]:
        return top_shares(logits_of(model, self.held_back, self.order, self.device), self.wanted)


@torch.no_grad()
def logits_of(model: nn.Module, pictures: torch.Tensor, order: str, device: torch.device,
              batch: int = 32) -> torch.Tensor:
    """Of images [N, 3, S, S] u8: [N, classes]."""
    return torch.cat([model(to_input(part, order, device)).cpu() for part in pictures.split(batch)])


class SegmentationRun(PictureRun):
    """A segmenter of images with masks."""
    best_by = "mean_iou"

    def __init__(self, data: Path, folder: Path, options: Options, validation: Path | None = None,
                 start_from: Path | None = None):
        super().__init__(folder, options, start_from)
        training, held_back = split_masked(data, validation)
        self.classes = training.classes
        pictures, masks = training.squares(self.held_size())
        self.training = Squares(pictures, masks, self.device)
        self.repeats = repeat_factors([mask.unique()[:-1] if (mask == IGNORED).any() else mask.unique() for mask in masks],
                                      options.balance)
        self.held_back, self.wanted = held_back.to_judge(options.size, options.network) if self.team.leads else (None, None)
        print(f"{len(training.names)} images with masks of {len(self.classes)} classes for training, {len(held_back.names)} "
              "for validation", flush=True)
        self.prepare(held_back.names)

    def network(self) -> nn.Module:
        return Segmenter(self.options.network, len(self.classes))

    def loss(self, model: nn.Module, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits = model.enlarged(logits, tuple(labels.shape[1:]))
        if not (labels != IGNORED).any():
            return logits.sum() * 0             # a mean over no pixel is none
        return F.cross_entropy(logits, labels, ignore_index=IGNORED, label_smoothing=self.label_smoothing())

    def figures(self, model: nn.Module) -> dict[str, float]:
        ious = segmentation_overlaps(model, self.held_back, self.wanted, self.order, self.device, len(self.classes))
        return {"mean_iou": float(ious.nanmean())}


@torch.no_grad()
def segmentation_overlaps(model: nn.Module, pictures: torch.Tensor, wanted: list[torch.Tensor], order: str,
                          device: torch.device, classes: int) -> torch.Tensor:
    """Of a segmenter on images [N, 3, S, S] u8 and their masks of any size: the intersection over union of each class."""
    counts = torch.zeros(classes, classes, dtype=torch.int64)
    for start in range(0, len(pictures), 8):
        logits = model(to_input(pictures[start:start + 8], order, device))
        for row, mask in zip(logits, wanted[start:start + 8]):
            found = model.enlarged(row[None], tuple(mask.shape)).argmax(1)[0].cpu()
            counts += confusion(found, mask, classes)
    return overlaps(counts)
