"""Batches composed on the device: where pixels and boxes go, what becomes of cut boxes, which photos come how often."""
import dataclasses

import numpy as np
import pytest
import torch
import torchvision.transforms.v2.functional as TF

from trainer import compose
from trainer.batches import ComposedBatches, empty_pictures, free_place
from trainer.compose import DRAWS, Plan, composed, recoloured
from trainer.dataset import Sample
from trainer.pool import Pool, pool_of
from trainer.sampler import MultiScaleBatches, repeat_factors
from trainer.scenes import Augmentation

PLAIN = Augmentation(zoomed=0, rotated=0, flip=0, empty=0)
COLOURS = torch.tensor([[220, 20, 20], [20, 220, 20], [20, 20, 220]], dtype=torch.uint8)


def photo(box: list[int], kind: int, size: tuple[int, int] = (120, 160), unknown: bool = False) -> Sample:
    """A grey photo with one rectangle of the colour of its label."""
    picture = torch.full((3, *size), 100, dtype=torch.uint8)
    left, top, right, bottom = box
    picture[:, top:bottom, left:right] = COLOURS[kind][:, None, None]
    return Sample(picture, torch.tensor([box]).float(), torch.tensor([kind + 1]), torch.ones(1), torch.zeros(0, 4),
                  torch.zeros(0, dtype=torch.int64), torch.tensor([False, unknown, False, False]))


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [photo([20, 30, 100, 90], 0), photo([60, 10, 150, 60], 1, unknown=True), photo([10, 40, 50, 110], 2, (160, 120))]


@pytest.fixture(scope="module")
def pool(samples: list[Sample]) -> Pool:
    return pool_of(samples, [], torch.device("cpu"))


def plan_of(photos: list[list[int]], seed: int = 0, **draws: float) -> Plan:
    return Plan(torch.tensor(photos), torch.rand(len(photos), 4, DRAWS, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("size", [160, 120, 200])
def test_a_photo_as_it_is_is_resized_as_torch_resizes_it(size: int) -> None:
    noise = torch.randint(0, 256, (3, 120, 160), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    sample = dataclasses.replace(photo([20, 30, 100, 90], 0), picture=noise)
    plan = plan_of([[0, 0, 0, 0]])
    plan.draws[:, 0, 12] = 1        # the colours stay
    plan.draws[:, 0, 16] = 1
    pictures, targets = composed(pool_of([sample], [], torch.device("cpu")), plan, size, PLAIN, 0.0)
    expected = torch.nn.functional.interpolate(noise[None].float(), (size, size), mode="bilinear", align_corners=False)
    assert (pictures.float() - expected).abs().max() <= 1
    assert targets.boxes[0, 0].tolist() == pytest.approx([20 / 160, 30 / 120, 100 / 160, 90 / 120])
    assert targets.labels[0].tolist() == [1] + [0] * (targets.labels.shape[1] - 1)


@pytest.mark.parametrize("mosaic, augmentation", [
    (0.0, Augmentation(rotated=0.5, rotation=30, zoomed=0.9)), (0.0, Augmentation(quarter_turns=1, rotated=0, zoomed=0)),
    (1.0, Augmentation(rotated=0.0, zoom=1.2)), (1.0, Augmentation(quarter_turns=0.5, rotated=0))])
def test_boxes_and_ignored_regions_are_where_the_colours_are(pool: Pool, monkeypatch: pytest.MonkeyPatch, mosaic: float,
                                                             augmentation: Augmentation) -> None:
    """Every colour lies in the boxes of its label or in what is ignored, and a tight box is tight."""
    monkeypatch.setattr(compose, "recoloured", lambda pixels, draws: pixels)
    size, count = 128, 24
    photos = torch.randint(3, (count, 4), generator=torch.Generator().manual_seed(5)).tolist()
    pictures, targets = composed(pool, plan_of(photos, 7), size, augmentation, mosaic)
    boxes = 0
    for picture, own, labels, ignored in zip(pictures, targets.boxes, targets.labels, targets.ignored):
        covered = np.zeros((3, size, size), bool)
        for box, label in zip((own * size).tolist(), labels.tolist()):
            if label:
                boxes += 1
                left, top, right, bottom = int(box[0]) - 1, int(box[1]) - 1, int(box[2]) + 2, int(box[3]) + 2
                covered[label - 1, max(0, top):bottom, max(0, left):right] = True
                if not augmentation.rotated and mosaic == 0:
                    rows, columns = np.nonzero((picture[label - 1] > 180).numpy())
                    assert np.abs(np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) - box).max() < 2
        for left, top, right, bottom in (ignored * size).int().tolist():
            covered[:, max(0, top - 1):bottom + 2, max(0, left - 1):right + 2] = True
        strong = (picture > 180).numpy() & (picture.sum(0) < 330).numpy()
        assert not (strong & ~covered).any()
    assert boxes > count / 2
    sides = targets.boxes[..., 2:] - targets.boxes[..., :2]
    assert (sides[targets.labels > 0] >= compose.SMALLEST).all()
    assert targets.boxes.min() >= 0 and targets.boxes.max() <= 1.001


def test_what_is_cut_away_is_ignored(pool: Pool) -> None:
    """Nothing that shows less than `visible` of an object counts as one, and none of it is background."""
    augmentation = Augmentation(zoom=6, zoomed=1, rotated=0, visible=0.9, flip=0)
    plan = plan_of([[0, 0, 0, 0]] * 60, 3)
    _, targets = composed(pool, plan, 64, augmentation, 0.0)
    place = compose.placed(plan.draws, torch.zeros(60, dtype=torch.bool), augmentation)
    whole = compose.moved(pool.boxes[plan.photos], place)[:, 0, 0]
    shown = whole.clamp(0, 1)
    share = compose.area(shown) / compose.area(whole)
    found, ignored = targets.labels[:, 0] > 0, compose.area(targets.ignored[:, 0]) > 0
    large = ((shown[:, 2:] - shown[:, :2]) >= compose.SMALLEST).all(1)
    assert torch.equal(found, (share >= 0.9) & large) and torch.equal(ignored, (share > 0) & ~found)
    assert 10 < found.sum() < 50 and ignored.sum() > 5
    assert torch.allclose(targets.ignored[ignored, 0], shown[ignored], atol=1e-5)
    doubtful = pool_of([dataclasses.replace(photo([20, 30, 100, 90], 0), weights=torch.tensor([0.4]))], [], pool.device)
    _, others = composed(doubtful, plan, 64, augmentation, 0.0)
    assert torch.equal(others.labels[:, 0] > 0, found) and not others.ignored.any()
    assert others.weights[found, 0].tolist() == pytest.approx([0.4] * int(found.sum()))


def test_parts_keep_what_may_be_unboxed_in_their_photo(pool: Pool) -> None:
    _, targets = composed(pool, plan_of([[0, 1, 2, 1], [1, 0, 0, 0]]), 64, Augmentation(), 1.0)
    assert targets.unknown[..., 1].tolist() == [[False, True, False, True], [True, False, False, False]]
    middle = targets.parts[0, 0, 2:]
    assert torch.equal(targets.parts[0, 3, :2], middle) and targets.parts[0, 3, 2:].tolist() == [1, 1]
    assert float(compose.area(targets.parts).sum(1)[0]) == pytest.approx(1)
    _, single = composed(pool, plan_of([[1, 0, 0, 0]]), 64, Augmentation(), 0.0)
    assert single.parts[0].tolist() == [[0, 0, 1, 1], [0] * 4, [0] * 4, [0] * 4]


def test_recolouring_is_torchvisions() -> None:
    generator = torch.Generator().manual_seed(3)
    pixels = torch.rand(4, 20, 20, 3, generator=generator) * 60 + 90
    draws = torch.rand(4, 6, generator=generator) * 0.7
    draws[:, 4] = 1                  # no hue
    found = recoloured(pixels, draws)
    for image, draw, result in zip(pixels, draws, found):
        brightness, contrast, saturation = (1 + extent * (2 * float(draw[index]) - 1)
                                            for index, extent in ((1, 0.35), (2, 0.35), (3, 0.4)))
        expected = TF.adjust_brightness(image.permute(2, 0, 1) / 255, brightness)
        expected = TF.adjust_saturation(TF.adjust_contrast(expected, contrast), saturation)
        assert (result / 255 - expected.permute(1, 2, 0)).abs().max() < 2e-3
    draws[:, 4:] = 0
    assert (recoloured(pixels, draws) @ torch.tensor(compose.LUMA) - found @ torch.tensor(compose.LUMA)).abs().max() < 0.5
    assert (recoloured(pixels, draws) - found).abs().max() > 1


def batches_of(samples: list[Sample], **changes: object) -> ComposedBatches:
    empty = empty_pictures(samples, [], 4, 64, seed=1)
    sampler = MultiScaleBatches(len(samples), 3, lambda: [64], 8, 64)
    return ComposedBatches(pool_of(samples, empty, torch.device("cpu")), len(samples), sampler,
                           Augmentation(**changes), lambda: 0.5)


def test_a_batch_follows_from_its_requests(samples: list[Sample]) -> None:
    source = batches_of(samples, empty=0.3)
    requests = [(11 + index, index % 3, 64) for index in range(8)]
    (pictures, targets), (again, others) = source.batch(requests), source.batch(requests)
    assert torch.equal(pictures, again) and torch.equal(targets.boxes, others.boxes)
    assert pictures.shape == (8, 3, 64, 64) and pictures.dtype == torch.uint8
    assert not torch.equal(pictures, source.batch([(12, 0, 64), *requests[1:]])[0])


def test_empty_images_are_whole_and_come_as_often_as_asked(samples: list[Sample]) -> None:
    source = batches_of(samples, empty=0.25)
    plans = [source.plan([(seed, 0, 64)] * 100) for seed in range(10)]
    empty = torch.cat([plan.photos[:, 0] >= 3 for plan in plans])
    assert 200 < empty.sum() < 300
    assert all((plan.draws[plan.photos[:, 0] >= 3, 0, 11] == 1).all() and (plan.photos[:, 1:] < 3).all() for plan in plans)


def test_free_places_show_no_object() -> None:
    torch.manual_seed(0)
    found = [free_place(photo([20, 30, 60, 60], 0)) for _ in range(20)]
    assert sum(place is not None for place in found) > 15
    assert all((place == 100).all() and min(place.shape[1:]) >= 38 for place in found if place is not None)
    assert free_place(photo([0, 0, 160, 120], 0)) is None


def test_seldom_classes_come_more_often() -> None:
    """By LVIS' formula, and each photo its share of times, up to one, in every epoch."""
    labels = [torch.tensor([1])] * 90 + [torch.tensor([1, 2])] * 9 + [torch.tensor([3, 3])] + [torch.zeros(0).long()] * 20
    repeats = repeat_factors(labels, 0.3)
    share = {2: 9 / 120, 3: 1 / 120}
    assert repeats[0] == 1 and repeats[-1] == 1
    assert float(repeats[95]) == pytest.approx((0.3 / share[2]) ** 0.5) and float(repeats[99]) == pytest.approx(6)
    assert (repeat_factors(labels, 0) == 1).all()
    sampler = MultiScaleBatches(120, 5, lambda: [64], 8, 64, repeats)
    total = np.zeros(120)
    for epoch in range(20):
        counts = np.bincount(sampler.order(epoch), minlength=120)
        assert counts.sum() == sampler.epoch_length == round(float(repeats.sum()))
        assert (np.abs(counts - repeats.numpy()) < 1.05).all()
        total += counts
    assert np.abs(total / 20 - repeats.numpy()).max() < 0.45
    assert sampler.order(3) == MultiScaleBatches(120, 5, lambda: [64], 8, 64, repeats).order(3) != sampler.order(4)


def test_processes_share_a_batch() -> None:
    whole = iter(MultiScaleBatches(7, 5, lambda: [160], 6, 160))
    parts = [iter(MultiScaleBatches(7, 5, lambda: [160], 3, 160, None, rank, 2)) for rank in range(2)]
    for _ in range(6):
        expected, first, second = next(whole), next(parts[0]), next(parts[1])
        assert sorted(first + second) == sorted(expected) and len(first) == len(second)
