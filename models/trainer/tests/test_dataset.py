"""Sets of photos: tensors, splits and decoding. test_sets.py and test_annotations.py have the reading."""
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from trainer.dataset import DataError, load, read_photo_set, split

from .conftest import draw_set


def altered(folder: Path, change: Callable[[dict], None]) -> Path:
    draw_set(folder, 4)
    file = folder / "annotations.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return folder


def test_classes_follow_the_category_ids(drawn: Path) -> None:
    photos = read_photo_set(drawn)
    assert photos.classes == ["red", "blue"]
    assert [photo.labels.tolist() for photo in photos.photos[:2]] == [[1], [2]]


def test_photos_are_scaled_down_with_their_boxes(drawn: Path) -> None:
    photo = read_photo_set(drawn).photos[0]
    sample = load(photo, 80)
    assert sample.picture.shape == (3, 60, 80)
    assert (sample.boxes * 2 - photo.boxes).abs().max() < 1e-4


def test_split_takes_every_fourth_or_the_named(drawn: Path, tmp_path: Path) -> None:
    photos = read_photo_set(drawn)
    training, validation = split(photos, None)
    assert [photo.path.name for photo in validation] == ["photo-00.png", "photo-04.png", "photo-08.png"]
    assert len(training) == 9
    names = tmp_path / "names.txt"
    names.write_text("photo-03.png\n")
    assert [photo.path.name for photo in split(photos, names)[1]] == ["photo-03.png"]
    names.write_text("other.png\n")
    with pytest.raises(DataError, match="other.png, which is not among"):
        split(photos, names)


def test_picture_stored_lying_is_turned(tmp_path: Path) -> None:
    folder = altered(tmp_path / "set", lambda c: None)
    turned = Image.Exif()
    turned[274] = 6  # orientation: turn by 90 degrees clockwise to show
    with Image.open(folder / "images" / "photo-00.png") as picture:
        upright = picture.copy()
    upright.transpose(Image.Transpose.ROTATE_90).save(folder / "images" / "photo-00.png", exif=turned)
    sample = load(read_photo_set(folder).photos[0])
    assert (sample.picture.permute(1, 2, 0).numpy() == upright).all()


def test_broken_json_and_picture(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "set", 2)
    (folder / "images" / "photo-00.png").write_text("no image")
    with pytest.raises(DataError, match="not an image that can be decoded"):
        load(read_photo_set(folder).photos[0])
    (folder / "annotations.json").write_text("{}")
    with pytest.raises(DataError, match="is not COCO's JSON: it has no `images`"):
        read_photo_set(folder)


def test_what_is_left_out_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = altered(tmp_path / "set", lambda c: c["annotations"][0].update(category_id=77))
    assert [len(photo.boxes) for photo in read_photo_set(folder).photos] == [0, 1, 1, 1]
    assert "1 of 4 annotations has a category_id that `categories` does not list" in capsys.readouterr().out
