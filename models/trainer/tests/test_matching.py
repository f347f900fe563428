"""Matching and loss against the published code and torchvision's matcher, and what they do in corner cases."""
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torchvision.models.detection._utils import SSDMatcher
from torchvision.ops import box_iou

from trainer.matching import CODER, Matched, anchors_for, coverage, detection_loss, detection_sums, known_logits, match, mined
from trainer.targets import Targets, unknown_classes, whole_images

from .conftest import GOLDEN

MAPS = ((20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1))
CLASSES = 6


def targets_of(images: list[tuple], ignored: list | None = None, unknown: list | None = None,
               weights: list | None = None, classes: int = CLASSES) -> Targets:
    """Targets of images given as (boxes, labels)."""
    count = len(images)
    return whole_images([torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4) for boxes, _ in images],
                        [torch.as_tensor(labels, dtype=torch.int64) for _, labels in images],
                        weights or [torch.ones(len(labels)) for _, labels in images],
                        ignored or [torch.zeros(0, 4)] * count,
                        unknown or [unknown_classes([], classes)] * count)


def random_boxes(count: int, generator: torch.Generator) -> torch.Tensor:
    middle, size = torch.rand(count, 2, generator=generator), torch.rand(count, 2, generator=generator) * 0.5 + 0.01
    return torch.cat([middle - size / 2, middle + size / 2], 1).clamp(0, 1)


@pytest.mark.parametrize("network", ["xxs", "0.5"])
def test_matching_mining_and_loss(network: str) -> None:
    golden = load_file(GOLDEN[network] / "match_loss_320x320.safetensors")
    outputs = load_file(GOLDEN[network] / "run_320x320.safetensors")
    # The published code knows no anchors between object and background.
    targets = targets_of([(golden["gt_boxes_xyxy_norm"], golden["gt_labels"].long())],
                         classes=outputs["confidences"].shape[-1])
    matched = match(anchors_for(MAPS), targets, 0.5, 0.5)
    assert torch.equal(matched.labels[0], golden["matched_labels"])
    positive = matched.labels[0] > 0
    assert (matched.offsets[0] - golden["matched_locations"])[positive].abs().max() <= 1e-4
    assert torch.equal(mined(outputs["confidences"], matched.labels)[0], golden["loss_mask"][0].bool())
    losses = detection_loss(outputs["confidences"], outputs["locations"], matched)
    assert abs(float(sum(losses)) - float(golden["loss"])) <= 1e-4


def test_a_batch_is_matched_as_torchvision_matches_each_image() -> None:
    generator, anchors = torch.Generator().manual_seed(4), anchors_for(MAPS)
    images = [(random_boxes(count, generator), torch.randint(1, CLASSES, (count,), generator=generator))
              for count in (1, 7, 0, 30, 3)]
    matched = match(anchors, targets_of(images))
    reference = SSDMatcher(0.5)
    reference.low_threshold = 0.4
    for index, (boxes, labels) in enumerate(images):
        if not len(boxes):
            assert not matched.labels[index].any()
            continue
        matches = reference(box_iou(boxes, anchors))
        expected = labels[matches.clamp(min=0)].where(
            matches >= 0, torch.where(matches == SSDMatcher.BETWEEN_THRESHOLDS, -1, 0))
        assert torch.equal(matched.labels[index], expected)
        positive = expected > 0
        offsets = CODER.encode_single(boxes[matches.clamp(min=0)], anchors)[positive]
        assert (matched.offsets[index][positive] - offsets).abs().max() <= 1e-3
        assert not matched.offsets[index][~positive].any()


def test_overlaps_between_thresholds_count_for_nothing() -> None:
    anchors = torch.tensor([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.225], [0.6, 0.6, 0.9, 0.9]])
    labels = match(anchors, targets_of([([[0, 0, 0.5, 0.5]], [3])])).labels
    assert labels[0].tolist() == [3, -1, 0]
    logits = torch.zeros(1, 3, 4)
    logits[0, 1, 0] = -50
    assert mined(logits, labels)[0].tolist() == [True, False, True]


def test_every_box_gets_an_anchor() -> None:
    small = torch.tensor([[0.501, 0.501, 0.503, 0.503], [0.1, 0.8, 0.104, 0.99]])
    matched = match(anchors_for(MAPS), targets_of([(small, [1, 2])]))
    assert {1, 2} <= set(matched.labels[0].tolist())
    found = CODER.decode_single(matched.offsets[0], anchors_for(MAPS))[matched.labels[0] == 2]
    assert torch.allclose(found, small[1].expand_as(found), atol=1e-5)


def test_coverage_tells_which_classes_the_anchors_miss() -> None:
    anchors = anchors_for(MAPS, (0.2, 0.9))
    # Square anchors of a fifth on the finest map, 1/20 apart, the first in the middle of its cell.
    boxes = torch.tensor([[0.425, 0.425, 0.625, 0.625], [0.43, 0.43, 0.62, 0.63], [0.5, 0.5, 0.54, 0.54],
                          [0.4, 0.4, 0.65, 0.6]])
    assert coverage(boxes, torch.tensor([1, 1, 3, 3]), anchors) == {1: 1.0, 3: 0.5}
    assert coverage(boxes[2:3], torch.tensor([2]), anchors_for(MAPS, (0.04, 0.9))) == {2: 1.0}


def test_picture_without_objects_teaches_background() -> None:
    matched = match(anchors_for(MAPS), targets_of([([], [])], classes=3))
    logits = torch.randn(1, matched.labels.shape[1], 3, generator=torch.Generator().manual_seed(0))
    class_loss, box_loss = detection_loss(logits, torch.zeros(1, matched.labels.shape[1], 4), matched)
    assert class_loss > 0 and box_loss == 0
    assert mined(logits, matched.labels).sum() == 3


def test_an_ignored_region_teaches_no_background() -> None:
    """Whatever the network sees there changes nothing; an object that is boxed in it is learnt all the same."""
    anchors, region = anchors_for(MAPS), torch.tensor([[0.5, 0.0, 1, 1]])
    box = [0.6, 0.3, 0.9, 0.6]
    matched = match(anchors, targets_of([([box], [2])], ignored=[region]))
    inside = ((torch.minimum(anchors[:, 2:], region[:, 2:]) - torch.maximum(anchors[:, :2], region[:, :2])).clamp(min=0)
              .prod(1) >= 0.5 * (anchors[:, 2:] - anchors[:, :2]).prod(1))
    assert (matched.labels[0, inside] != 0).all() and (matched.labels[0, inside] == 2).any()
    plain = match(anchors, targets_of([([box], [2])]))
    assert torch.equal(matched.labels[0, ~inside], plain.labels[0, ~inside])
    logits = torch.randn(1, len(anchors), CLASSES, generator=torch.Generator().manual_seed(1), requires_grad=True)
    detection_loss(logits, torch.zeros(1, len(anchors), 4), matched, least=10 ** 6)[0].backward()
    assert not logits.grad[0, inside & (matched.labels[0] != 2)].any()
    assert logits.grad[0, ~inside & (matched.labels[0] == 0)].any(1).any()


def test_classes_that_may_be_unboxed_are_no_negatives() -> None:
    """The gradient on their logits is zero at every background anchor, and that on the others is that of a network which
    has no such classes; an anchor with a box is taught all classes."""
    anchors, unknown = anchors_for(MAPS), [2, 5]
    images = [([[0.2, 0.2, 0.6, 0.7]], [1]), ([[0.2, 0.2, 0.6, 0.7]], [1])]
    matched = match(anchors, targets_of(images, unknown=[unknown_classes(unknown, CLASSES), unknown_classes([], CLASSES)]))
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(1, len(anchors), CLASSES, generator=generator).repeat(2, 1, 1).requires_grad_()
    everything = 10 ** 6
    detection_sums(logits, torch.zeros(2, len(anchors), 4), matched, least=everything)[0].backward()
    background = matched.labels[0] == 0
    assert background.sum() > 1000
    known = [0, 1, 3, 4]
    assert not logits.grad[0, background][:, unknown].any()
    smaller = logits.detach()[0, background][:, known].requires_grad_()
    torch.nn.functional.cross_entropy(smaller, torch.zeros(len(smaller), dtype=torch.int64), reduction="sum").backward()
    assert (logits.grad[0, background][:, known] - smaller.grad).abs().max() < 1e-5
    assert (logits.grad[1, background][:, unknown] > 0).all()
    positive = matched.labels[0] == 1
    assert positive.any() and torch.equal(logits.grad[0, positive], logits.grad[1, positive])


def test_what_may_be_an_unboxed_object_is_no_hard_negative() -> None:
    anchors = anchors_for(MAPS)
    matched = match(anchors, targets_of([([], [])], unknown=[unknown_classes([4], CLASSES)]))
    logits = torch.zeros(1, len(anchors), CLASSES)
    logits[0, :50, 4] = 9           # sure of the class that may be there
    logits[0, 50:60, 3] = 3         # mistaken for one that cannot be
    assert mined(known_logits(logits, matched), matched.labels, least=10)[0].nonzero()[:, 0].tolist() == list(range(50, 60))


def test_parts_of_an_image_have_unknown_classes_of_their_own() -> None:
    targets = targets_of([([], [])])
    targets.parts = torch.tensor([[[0, 0, 0.5, 1], [0.5, 0, 1, 1]]])
    targets.unknown = torch.stack([unknown_classes([1], CLASSES), unknown_classes([2], CLASSES)])[None]
    anchors = torch.tensor([[0.1, 0.1, 0.4, 0.4], [0.6, 0.1, 0.9, 0.4], [0.3, 0.1, 0.7, 0.4]])
    found = match(anchors, targets).unknown[0]
    assert [row.nonzero()[:, 0].tolist() for row in found] == [[1], [2], [1, 2]]


def test_a_soft_box_counts_as_much_as_its_score() -> None:
    """Alone in a batch, its loss is that of a whole box: the sums and what they are divided by shrink alike. Beside a whole
    one, its gradient is its share."""
    anchors = anchors_for(MAPS)
    boxes = torch.tensor([[0.2, 0.2, 0.6, 0.7]])
    images = [(boxes, [1]), (boxes, [1])]
    matched = match(anchors, targets_of(images, weights=[torch.tensor([1.0]), torch.tensor([0.25])]))
    logits = torch.zeros(2, len(anchors), CLASSES, requires_grad=True)
    offsets = torch.zeros(2, len(anchors), 4, requires_grad=True)
    sum(detection_sums(logits, offsets, matched)).backward()
    positive = matched.labels[0] == 1
    assert torch.allclose(logits.grad[1, positive], 0.25 * logits.grad[0, positive])
    assert torch.allclose(offsets.grad[1], 0.25 * offsets.grad[0])
    assert float(matched.count()) == pytest.approx(1.25 * float(positive.sum()))


def test_smoothed_labels_share_among_the_classes_that_may_be_there() -> None:
    """As PyTorch's smoothed cross-entropy, and over fewer classes where one is unknown."""
    generator = torch.Generator().manual_seed(4)
    logits, offsets = torch.randn(1, 3, 4, generator=generator), torch.zeros(1, 3, 4)
    labels, unknown = torch.tensor([[2, 1, 0]]), torch.zeros(1, 3, 4, dtype=torch.bool)
    unknown[0, 2, 3] = True
    matched = Matched(labels, offsets, torch.ones(1, 3), unknown)
    found = detection_sums(logits, offsets, matched, smoothing=0.1)[0]
    expected = F.cross_entropy(logits[0, :2], labels[0, :2], label_smoothing=0.1, reduction="sum") \
        + F.cross_entropy(logits[0, 2:, :3], labels[0, 2:], label_smoothing=0.1)
    assert torch.isclose(found, expected)
