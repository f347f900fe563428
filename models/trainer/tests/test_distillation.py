"""What a teacher adds to matching and loss."""
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import checkpoint
from trainer.detection import DetectionLoss
from trainer.distillation import Distillation, SoftBoxes, correlation_loss, softened, uncontradicted
from trainer.matching import Matched, anchors_for, detection_sums, match
from trainer.targets import Targets
from trainer.networks import Classifier, Detector
from trainer.pictures import ClassificationRun
from trainer.teacher import Detections, Teacher
from trainer.training import Run

from .conftest import draw_set
from .test_tasks import draw_classes
from .test_training import small

MAPS = ((20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1))
ANCHORS = anchors_for(MAPS)
CLASSES = 4
BOXES = torch.tensor([[[0.1, 0.1, 0.5, 0.6], [0.3, 0.2, 0.7, 0.9], [0.7, 0.7, 0.74, 0.75]],
                      [[0.0, 0.0, 1.0, 1.0], [0.55, 0.1, 0.9, 0.4], [0, 0, 0, 0]]])
LABELS = torch.tensor([[1, 3, 2], [2, 4, 0]])


def labelled(boxes: torch.Tensor, labels: torch.Tensor) -> Targets:
    images = len(boxes)
    return Targets(boxes, labels, (labels > 0).float(), torch.zeros(images, 1, 4),
                   torch.tensor([0.0, 0, 1, 1]).expand(images, 1, 4), torch.zeros(images, 1, CLASSES + 1, dtype=torch.bool))


def seen(boxes: torch.Tensor, labels: torch.Tensor, score: float = 1.0) -> Detections:
    return Detections(boxes, torch.nn.functional.one_hot(labels, CLASSES + 1)[..., 1:] * score)


NOTHING = labelled(torch.zeros(2, 1, 4), torch.zeros(2, 1, dtype=torch.int64))


def outputs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, len(ANCHORS), CLASSES + 1, generator=generator), torch.randn(2, len(ANCHORS), 4,
                                                                                       generator=generator)


def test_a_teacher_that_sees_the_labels_teaches_the_labels() -> None:
    expected = match(ANCHORS, labelled(BOXES, LABELS))
    found = softened(match(ANCHORS, NOTHING), ANCHORS, seen(BOXES, LABELS))
    assert torch.equal(found.labels, expected.labels) and (found.labels == -1).any()
    assert torch.equal(found.weights, expected.weights)
    positive = found.labels > 0
    assert torch.equal(found.offsets[positive], expected.offsets[positive])
    for mine, wanted in zip(detection_sums(*outputs(), found), detection_sums(*outputs(), expected)):
        assert abs(float(mine - wanted)) <= 1e-5 * float(wanted)


@pytest.mark.parametrize("detections", [Detections(torch.zeros(2, 1, 4), torch.zeros(2, 1, CLASSES)),
                                        seen(BOXES.flip(2), LABELS, 0.2), seen(BOXES, LABELS)],
                         ids=["nothing", "nothing that it is sure of", "only what labels say"])
def test_a_teacher_that_adds_nothing_changes_nothing(detections: Detections) -> None:
    targets = labelled(BOXES, LABELS)
    before = match(ANCHORS, targets)
    after = softened(before, ANCHORS, uncontradicted(detections, targets))
    assert torch.equal(after.labels, before.labels) and torch.equal(after.weights, before.weights)
    assert torch.equal(after.offsets, before.offsets)
    assert [float(loss) for loss in detection_sums(*outputs(), after)] == \
        [float(loss) for loss in detection_sums(*outputs(), before)]


def test_labels_win_and_soft_targets_are_the_formula() -> None:
    """Against a loop over anchors; of a box with two classes, on a photo with a label elsewhere."""
    label, box = torch.tensor([[[0.05, 0.05, 0.3, 0.4]]]), torch.tensor([[[0.4, 0.35, 0.8, 0.8]]])
    targets = labelled(label, torch.tensor([[1]]))
    before = match(ANCHORS, targets)
    scores = torch.tensor([[[0.0, 0.5, 0.2, 0.0]]])
    after = softened(before, ANCHORS, uncontradicted(Detections(box, scores), targets))
    logits, offsets = (value[:1] for value in outputs(3))
    class_sum, box_sum = detection_sums(logits, offsets, after)
    plain = detection_sums(logits, offsets, before)
    assert torch.equal(after.labels[before.labels > 0], before.labels[before.labels > 0])
    taken = [a for a in range(len(ANCHORS)) if overlap(ANCHORS[a], box[0, 0]) >= 0.5]
    assert len(taken) > 2 and torch.where(after.labels[0] == 2)[0].tolist() == taken
    assert float(after.count() - before.count()) == pytest.approx(0.7 * len(taken))
    log = torch.log_softmax(logits[0].double(), -1).numpy()
    target = np.array([0.3, 0, 0.5, 0.2, 0])
    expected = sum(-float(target @ log[a]) for a in taken)
    # Besides them, three times as many background anchors as before count.
    background = sorted((-log[a, 0] for a in range(len(ANCHORS)) if after.labels[0, a] == 0), reverse=True)
    hard = [a for a in range(len(ANCHORS)) if before.labels[0, a] > 0]
    expected += sum(-log[a, 1] for a in hard) + sum(background[:3 * (len(hard) + len(taken))])
    assert float(class_sum) == pytest.approx(expected, rel=1e-5)
    distance = torch.nn.functional.smooth_l1_loss(offsets[0, taken], after.offsets[0, taken], reduction="sum")
    assert float(box_sum - plain[1]) == pytest.approx(0.7 * float(distance), rel=1e-5)


def test_labels_win_where_they_speak() -> None:
    """One detection each in photos of one label, [0.2, 0.2, 0.6, 0.8] of class 1; class 3 may go unboxed in all of them, and
    the last has an ignored region."""
    cases = [([0.62, 0.1, 0.9, 0.5], 2, 0.45, False),               # "no box" is a label
             ([0.62, 0.1, 0.9, 0.5], 2, 0.55, True),                # unless the teacher is sure
             ([0.62, 0.1, 0.9, 0.5], 3, 0.30, True),                # of this class labels say nothing
             ([0.62, 0.1, 0.9, 0.5], 3, 0.20, False),               # too weak in any case
             ([0.25, 0.2, 0.55, 0.4], 1, 0.90, False),              # a part of the labelled object
             ([0.25, 0.2, 0.55, 0.4], 2, 0.90, True),               # something else in front of it
             ([0.22, 0.22, 0.6, 0.8], 2, 0.90, False),              # the labelled object, called otherwise
             ([0.62, 0.1, 0.9, 0.5], 2, 0.30, True)]                # in an ignored region
    count = len(cases)
    targets = labelled(torch.tensor([0.2, 0.2, 0.6, 0.8]).expand(count, 1, 4), torch.ones(count, 1, dtype=torch.int64))
    targets.unknown[..., 3] = True
    targets.ignored[-1, 0] = torch.tensor([0.6, 0.0, 1.0, 0.6])
    scores = torch.stack([torch.eye(CLASSES)[kind - 1] * score for _, kind, score, _ in cases])[:, None]
    kept = uncontradicted(Detections(torch.tensor([box for box, *_ in cases])[:, None], scores), targets)
    assert kept.scores.amax((1, 2)).gt(0).tolist() == [expected for *_, expected in cases]


def test_boxes_with_scores_teach_as_the_teacher_itself() -> None:
    """Targets with an annotated box and a detector's, listed with two classes, against the same box seen on the fly."""
    label, box = torch.tensor([0.05, 0.05, 0.3, 0.4]), torch.tensor([0.4, 0.35, 0.8, 0.8])
    targets = labelled(torch.stack([label, box, box])[None], torch.tensor([[1, 2, 3]]))
    targets.weights = torch.tensor([[1, 0.5, 0.25]])
    mixed = SoftBoxes().revise(torch.zeros(1, 3, 8, 8), targets, ANCHORS, match(ANCHORS, targets))
    alone = labelled(label[None, None], torch.tensor([[1]]))
    seen_by_it = Detections(box[None, None], torch.tensor([[[0.0, 0.5, 0.25, 0.0]]]))
    expected = softened(match(ANCHORS, alone), ANCHORS, seen_by_it)
    assert torch.equal(mixed.labels, expected.labels) and torch.equal(mixed.soft, expected.soft)
    assert torch.equal(mixed.weights, expected.weights) and torch.equal(mixed.offsets, expected.offsets)
    without = labelled(label[None, None], torch.tensor([[1]]))
    assert torch.equal(SoftBoxes().revise(torch.zeros(1, 3, 8, 8), without, ANCHORS, match(ANCHORS, without)).labels,
                       match(ANCHORS, without).labels)


def overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    sides = (torch.minimum(one[2:], other[2:]) - torch.maximum(one[:2], other[:2])).clamp(min=0)
    both = float(sides.prod())
    return both / (float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()) - both)


def test_correlation_loss() -> None:
    """Against NumPy's; scale and shift of a channel make no difference; in bfloat16 too."""
    generator = torch.Generator().manual_seed(0)
    teacher, student = torch.randn(3, 5, 4, 4, generator=generator), torch.randn(3, 5, 4, 4, generator=generator)
    r = [np.corrcoef(teacher[:, c].flatten(), student[:, c].flatten())[0, 1] for c in range(5)]
    assert float(correlation_loss(student, teacher)) == pytest.approx(1 - np.mean(r), abs=1e-5)
    scale, shift = torch.tensor([1e-2, 1, 10, 1e3, 5])[:, None, None], torch.arange(5.0)[:, None, None]
    assert float(correlation_loss(teacher * scale + shift, teacher)) < 1e-3
    assert float(correlation_loss(-teacher, teacher)) == pytest.approx(2, abs=1e-5)
    assert float(correlation_loss(teacher.bfloat16(), teacher)) < 1e-3
    still = student.clone().requires_grad_()
    correlation_loss(still, torch.ones_like(teacher)).backward()
    assert not still.grad.any()


@pytest.fixture
def teacher_file(tmp_path: Path) -> Path:
    pytest.importorskip("onnx", reason="an optional dependency")
    pytest.importorskip("onnxruntime", reason="an optional dependency")
    from .yolox import yolox
    return yolox(tmp_path / "tiny.onnx")


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
def test_adapters_and_encoder_learn_from_maps(teacher_file: Path, half: bool) -> None:
    model = Detector("0.5", CLASSES + 1)
    teacher = Teacher(teacher_file, ["person", "cat", "dog", "cup"], maps=True)
    term = Distillation(teacher, model.encoder.channels, boxes=True, imitate=2.0)
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    losses = DetectionLoss("rgb", (0.1, 1.05), torch.device("cpu"), [term], half=half)(model, (pictures, NOTHING))
    assert losses.keys() == {"class_loss", "box_loss", "map_loss"} and 1 < float(losses["map_loss"].detach()) <= 4
    losses["map_loss"].backward()
    assert all(parameter.grad.abs().amax() > 0 for name, parameter in term.named_parameters() if name.endswith("weight"))
    assert model.encoder.conv_1.block.conv.weight.grad.abs().amax() > 0
    assert model.ssd_heads[0].last_convolution().weight.grad is None


def test_a_run_with_a_teacher_keeps_its_adapters_to_itself(teacher_file: Path, tmp_path: Path) -> None:
    """They learn, are in the run's checkpoint, and not in the one that is exported."""
    drawn = draw_set(tmp_path / "set", 8)
    file = drawn / "annotations.json"
    file.write_text(file.read_text().replace('"red"', '"person"'))
    Run(drawn, tmp_path / "run", small(pretrain_steps=0, steps=2, teacher=teacher_file)).train()
    assert checkpoint.read(tmp_path / "run" / "latest.pt").keys() == Detector("0.5", 3).state_dict().keys()
    further = checkpoint.read(tmp_path / "run" / "checkpoint.pt")["further"]
    assert [key for key in further if "adapters" in key and key.endswith("weight")] and \
        all(value.abs().amax() > 0 for value in further.values())
    assert "map_loss=" in (tmp_path / "run" / "log.csv").read_text()


def test_a_classifier_imitates_its_teacher_s_maps(teacher_file: Path, tmp_path: Path) -> None:
    """Its adapters learn, are in the run's checkpoint, and not in the one that is exported."""
    folders = draw_classes(tmp_path / "set", 4)
    (folders / "red").rename(folders / "person")
    options = small(task="classification", network="fastvit-t8", steps=2, size=64, sizes=[64], teacher=teacher_file,
                    imitate=2.0)
    ClassificationRun(folders, tmp_path / "run", options).train()
    assert checkpoint.read(tmp_path / "run" / "latest.pt").keys() \
        == checkpoint.published_names(Classifier("fastvit-t8", 2).state_dict()).keys()
    further = checkpoint.read(tmp_path / "run" / "checkpoint.pt")["further"]
    assert {"adapters.0.weight", "adapters.1.weight"} <= further.keys()
    assert "map_loss=" in (tmp_path / "run" / "log.csv").read_text()
