"""Properties of sampler, scenes and crops."""
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from trainer.crops import Crops
from trainer.cutouts import cut_out, mixed, paste, read_objects
from trainer.dataset import DataError, Sample, load, read_photo_set
from trainer.empty import EmptyPictures
from trainer.sampler import MultiScaleBatches
from trainer.scenes import Augmentation, Scenes, collate, turned


@pytest.fixture(scope="module")
def samples(drawn: Path) -> list:
    return [load(photo) for photo in read_photo_set(drawn).photos]


@pytest.fixture(scope="module")
def cutouts(samples: list) -> list:
    return [cutout for sample in samples for cutout in cut_out(sample)]


def test_batches_grow_as_resolution_shrinks_and_photos_come_equally_often() -> None:
    batches = iter(MultiScaleBatches(10, 3, lambda: [160, 320], 4, 320))
    taken = [next(batches) for _ in range(30)]
    assert {(len(batch), batch[0][2]) for batch in taken} == {(4, 320), (16, 160)}
    assert all(len({size for _, _, size in batch}) == 1 for batch in taken)
    photos = [photo for batch in taken for _, photo, _ in batch]
    counts = np.bincount(photos, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert len({seed for batch in taken for seed, _, _ in batch}) == len(photos)


def test_sampler_continues_where_it_stopped() -> None:
    whole = iter(MultiScaleBatches(7, 5, lambda: [96, 128, 160], 3, 160))
    first = [next(whole) for _ in range(4)]
    resumed = MultiScaleBatches(7, 5, lambda: [96, 128, 160], 3, 160)
    resumed.start_after(4, sum(map(len, first)))
    again = iter(resumed)
    assert [next(again) for _ in range(5)] == [next(whole) for _ in range(5)]


def test_boxes_of_scenes_stay_in_the_picture(samples: list, cutouts: list) -> None:
    scenes = Scenes(samples, cutouts, Augmentation(rotated=0.7, rotation=20))
    for number in range(60):
        scene = scenes[number, number % len(samples), 96]
        picture, boxes, labels = scene.picture, scene.boxes, scene.labels
        assert len(scene.weights) == len(labels) and not scene.unknown.any()
        assert picture.shape == (3, 96, 96) and picture.dtype == torch.uint8
        assert len(boxes) == len(labels) and labels.dtype == torch.int64
        assert (boxes >= 0).all() and (boxes <= 1).all() and (boxes[:, 2:] > boxes[:, :2]).all()
        assert set(labels.tolist()) <= {1, 2}


def test_empty_pictures_come_as_often_as_asked(samples: list, cutouts: list, tmp_path: Path) -> None:
    """Drawn ones, and crops of the photos in a directory, which here are of one colour that nothing else has."""
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"room-{number}.png"), np.full((90, 160, 3), (10, 200, 250), np.uint8))
    scenes = Scenes(samples, cutouts, Augmentation(empty=0.4), EmptyPictures(tmp_path, 100))
    empty, rooms, drawn = 0, 0, set()
    for number in range(400):
        scene = scenes[number, number % len(samples), 64]
        picture, boxes, labels = scene.picture, scene.boxes, scene.labels
        assert picture.shape == (3, 64, 64) and picture.dtype == torch.uint8 and boxes.shape == (len(labels), 4)
        if len(labels):
            continue
        empty += 1
        if (picture.reshape(3, -1).float().std(1) < 2).all() and picture[2].float().mean() < 60:
            rooms += 1
        else:
            drawn.add(picture.numpy().tobytes())
    assert 120 < empty < 220 and rooms > 0.25 * empty and len(drawn) > 0.25 * empty
    assert all(len(Scenes(samples, cutouts, Augmentation(empty=0))[n, 0, 64].labels) for n in range(40))


def test_a_folder_without_pictures_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains no images"):
        EmptyPictures(tmp_path, 100)
    (tmp_path / "a.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match="a.jpg is not an image"):
        EmptyPictures(tmp_path, 100)


def test_a_scene_depends_on_its_request_alone(samples: list, cutouts: list) -> None:
    scenes = Scenes(samples, cutouts, Augmentation())
    first = scenes[11, 2, 64]
    scenes[12, 3, 96]
    again = scenes[11, 2, 64]
    assert all(torch.equal(value, getattr(again, name)) for name, value in vars(first).items())
    assert not torch.equal(first.picture, scenes[13, 2, 64].picture)


def test_photos_in_memory_stay_as_they_are(samples: list, cutouts: list) -> None:
    before = [sample.picture.clone() for sample in samples]
    scenes, crops = Scenes(samples, cutouts, Augmentation(composed=1)), Crops(samples, cutouts, Augmentation(), 2)
    for number in range(30):
        scenes[number, number % len(samples), 64]
        crops[number, number, 48]
    assert all(torch.equal(sample.picture, kept) for sample, kept in zip(samples, before))


def test_pasted_box_bounds_the_pasted_object(cutouts: list) -> None:
    torch.manual_seed(1)
    for number in range(40):
        picture = np.full((200, 240, 3), 110, np.uint8)
        box, opaque = paste(picture, cutouts[number % len(cutouts)], (0.15, 0.5), angle=180)
        rows, columns = np.nonzero((picture.max(2).astype(int) - picture.min(2)) > 40)
        drawn_box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(box - drawn_box).max() <= 3
        assert box.min() >= 0 and box[2] <= 240 and box[3] <= 200
        assert opaque[rows, columns].mean() > 0.9


def test_labels_of_composed_scenes_tell_the_colours(samples: list, cutouts: list) -> None:
    scenes = Scenes(samples, cutouts, Augmentation(composed=1, rotated=0, visible=1.0))
    scenes.recolour = torch.nn.Identity()
    seen = set()
    for number in range(30):
        scene = scenes[number, number % len(samples), 128]
        picture, boxes, labels = scene.picture, scene.boxes, scene.labels
        for (x0, y0, x1, y1), label in zip((boxes * 128).tolist(), labels.tolist()):
            middle = picture[:, int((y0 + y1) / 2), int((x0 + x1) / 2)]
            # Class 1 is the category of the lower id, which is red; class 2 is blue.
            strong, weak = (0, 2) if label == 1 else (2, 0)
            assert middle[strong] > int(middle[weak]) + 60
            seen.add(label)
    assert seen == {1, 2}


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_quarter_turn_keeps_boxes_tight(quarters: int) -> None:
    picture = torch.zeros(3, 40, 60, dtype=torch.uint8)
    picture[:, 5:12, 20:50] = 200
    boxes = tv_tensors.BoundingBoxes([[20.0, 5, 50, 12]], format="XYXY", canvas_size=(40, 60))
    moved, box = turned(tv_tensors.Image(picture), boxes, quarters)
    assert moved.shape[1:] == box.canvas_size == ((60, 40) if quarters % 2 else (40, 60))
    rows, columns = np.nonzero(moved[0].numpy())
    assert box.tolist() == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_crops_have_the_class_of_their_object(samples: list, cutouts: list) -> None:
    crops = Crops(samples, cutouts, Augmentation(), classes=2)
    crops.recolour = torch.nn.Identity()
    seen = set()
    for number in range(60):
        picture, label = crops[number, number, 48]
        assert picture.shape == (3, 48, 48)
        middle = picture[:, 18:30, 18:30].float().mean((1, 2))
        difference = float(middle[0] - middle[2])
        assert (difference > 50) == (label == 1) and (difference < -50) == (label == 2)
        seen.add(label)
    assert seen == {0, 1, 2}


def test_collated_batch(samples: list) -> None:
    scenes = Scenes(samples, [], Augmentation(empty=0))
    items = [scenes[seed, seed, 64] for seed in range(3)]
    pictures, targets = collate(items)
    assert pictures.shape == (3, 3, 64, 64) and len(targets) == 3
    assert all(torch.equal(boxes[:len(scene.boxes)], scene.boxes) and not boxes[len(scene.boxes):].any()
               for boxes, scene in zip(targets.boxes, items))
    assert (targets.labels > 0).sum() == sum(len(scene.labels) for scene in items)


def test_regions_to_ignore_and_weights_move_with_their_photo() -> None:
    """A green object, half of whose weight is doubted, and a blue region to ignore: each is where its colour is."""
    picture = torch.full((3, 90, 120), 60, dtype=torch.uint8)
    picture[:, 10:50, 20:70] = torch.tensor([30, 220, 30], dtype=torch.uint8)[:, None, None]
    picture[:, 55:85, 60:110] = torch.tensor([30, 30, 220], dtype=torch.uint8)[:, None, None]
    sample = Sample(picture, torch.tensor([[20.0, 10, 70, 50]]), torch.tensor([2]), torch.tensor([0.5]),
                    torch.tensor([[60.0, 55, 110, 85]]), torch.tensor([1]), torch.tensor([False, True, False]))
    scenes = Scenes([sample], [], Augmentation(rotated=0, empty=0))
    scenes.recolour = torch.nn.Identity()
    regions = 0
    for number in range(40):
        scene = scenes[number, 0, 120]
        assert scene.unknown.tolist() == [False, True, False]
        assert scene.weights.tolist() == [0.5] * len(scene.labels) and set(scene.labels.tolist()) <= {2}
        for boxes, channel in ((scene.boxes, 1), (scene.ignored, 2)):
            for x0, y0, x1, y1 in (boxes * 120).tolist():
                middle = scene.picture[:, int((y0 + y1) / 2), int((x0 + x1) / 2)]
                assert middle.argmax() == channel
        regions += len(scene.ignored)
    assert regions > 20


def test_own_objects_are_read_and_mixed_in(tmp_path: Path, cutouts: list) -> None:
    (tmp_path / "disc").mkdir()
    drawn = np.zeros((40, 30, 4), np.uint8)
    drawn[5:35, 4:20] = (10, 20, 200, 255)
    cv2.imwrite(str(tmp_path / "disc" / "a.png"), drawn)
    own = read_objects(tmp_path, ["card", "disc"])
    assert len(own) == 1 and own[0].label == 2
    assert own[0].pixels[20, 10].tolist() == [200, 20, 10, 255], "red, green, blue, opacity"
    assert own[0].outline.min(0).tolist() == [4, 5] and own[0].outline.max(0).tolist() == [19, 34]
    share = sum(cutout is own[0] for cutout in mixed(cutouts * 10, own, 0.25)) / (len(cutouts) * 10)
    assert share == pytest.approx(1 / 3, abs=0.05), "a quarter of all is a third of the others"
    assert mixed(cutouts, [], 0.25) == cutouts

    with pytest.raises(DataError, match="has no class of that name"):
        read_objects(tmp_path, ["card"])
    cv2.imwrite(str(tmp_path / "disc" / "b.png"), drawn[..., :3])
    with pytest.raises(DataError, match="transparent"):
        read_objects(tmp_path, ["card", "disc"])
    with pytest.raises(DataError, match="no PNG"):
        read_objects(tmp_path / "disc", ["card", "disc"])
