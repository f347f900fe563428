"""Matching and loss against the published code, and what they do in corner cases."""
import pytest
import torch
from safetensors.torch import load_file

from trainer.matching import CODER, Matcher, anchors_for, coverage, detection_loss, mined

from .conftest import GOLDEN

MAPS = ((20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1))


@pytest.mark.parametrize("network", ["xxs", "0.5"])
def test_matching_mining_and_loss(network: str) -> None:
    golden = load_file(GOLDEN[network] / "match_loss_320x320.safetensors")
    outputs = load_file(GOLDEN[network] / "run_320x320.safetensors")
    # The published code knows no anchors between object and background.
    labels, offsets = Matcher(0.5, 0.5)(anchors_for(MAPS), golden["gt_boxes_xyxy_norm"], golden["gt_labels"].long())
    assert torch.equal(labels, golden["matched_labels"])
    positive = labels > 0
    assert (offsets - golden["matched_locations"])[positive].abs().max() <= 1e-4
    assert torch.equal(mined(outputs["confidences"], labels[None])[0], golden["loss_mask"][0].bool())
    losses = detection_loss(outputs["confidences"], outputs["locations"], labels[None], offsets[None])
    assert abs(float(sum(losses)) - float(golden["loss"])) <= 1e-4


def test_overlaps_between_thresholds_count_for_nothing() -> None:
    anchors = torch.tensor([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.225], [0.6, 0.6, 0.9, 0.9]])
    labels, _ = Matcher()(anchors, torch.tensor([[0, 0, 0.5, 0.5]]), torch.tensor([3]))
    assert labels.tolist() == [3, -1, 0]
    logits = torch.zeros(1, 3, 4)
    logits[0, 1, 0] = -50
    assert mined(logits, labels[None])[0].tolist() == [True, False, True]


def test_every_box_gets_an_anchor() -> None:
    small = torch.tensor([[0.501, 0.501, 0.503, 0.503], [0.1, 0.8, 0.104, 0.99]])
    labels, offsets = Matcher()(anchors_for(MAPS), small, torch.tensor([1, 2]))
    assert {1, 2} <= set(labels.tolist())
    found = CODER.decode_single(offsets, anchors_for(MAPS))[labels == 2]
    assert torch.allclose(found, small[1].expand_as(found), atol=1e-5)


def test_coverage_tells_which_classes_the_anchors_miss() -> None:
    anchors = anchors_for(MAPS, (0.2, 0.9))
    # Square anchors of a fifth on the finest map, 1/20 apart, the first in the middle of its cell.
    boxes = torch.tensor([[0.425, 0.425, 0.625, 0.625], [0.43, 0.43, 0.62, 0.63], [0.5, 0.5, 0.54, 0.54],
                          [0.4, 0.4, 0.65, 0.6]])
    assert coverage(boxes, torch.tensor([1, 1, 3, 3]), anchors) == {1: 1.0, 3: 0.5}
    assert coverage(boxes[2:3], torch.tensor([2]), anchors_for(MAPS, (0.04, 0.9))) == {2: 1.0}


def test_picture_without_objects_teaches_background() -> None:
    labels, offsets = Matcher()(anchors_for(MAPS), torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    logits = torch.randn(1, len(labels), 3, generator=torch.Generator().manual_seed(0))
    class_loss, box_loss = detection_loss(logits, torch.zeros(1, len(labels), 4), labels[None], offsets[None])
    assert class_loss > 0 and box_loss == 0
    assert mined(logits, labels[None]).sum() == 3
