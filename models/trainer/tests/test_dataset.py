"""Sets of photos: what is read, and what is said of mistakes in them."""
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
    photos = read_photo_set(drawn).photos
    training, validation = split(photos, None)
    assert [photo.path.name for photo in validation] == ["photo-00.png", "photo-04.png", "photo-08.png"]
    assert len(training) == 9
    names = tmp_path / "names.txt"
    names.write_text("photo-03.png\n")
    assert [photo.path.name for photo in split(photos, names)[1]] == ["photo-03.png"]
    names.write_text("other.png\n")
    with pytest.raises(DataError, match="other.png, which is not among"):
        split(photos, names)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"annotations.json is missing: a set is a folder with images/"):
        read_photo_set(tmp_path / "nowhere")


def test_missing_picture(tmp_path: Path) -> None:
    folder = altered(tmp_path / "set", lambda c: c["images"][1].update(file_name="lost.png"))
    with pytest.raises(DataError, match="lost.png is missing.*add the picture or remove its entry"):
        read_photo_set(folder)


@pytest.mark.parametrize("box", [[100, 10, 80, 20], [10, 10, 0, 5], [-9, 0, 20, 20]])
def test_box_outside(tmp_path: Path, box: list) -> None:
    folder = altered(tmp_path / "set", lambda c: c["annotations"][2].update(bbox=box))
    with pytest.raises(DataError, match=r"photo-02.png: box .* is empty or outside the picture of 160x120"):
        read_photo_set(folder)


def test_unknown_category(tmp_path: Path) -> None:
    folder = altered(tmp_path / "set", lambda c: c["annotations"][0].update(category_id=77))
    with pytest.raises(DataError, match="category_id 77, which `categories` does not list"):
        read_photo_set(folder)


def test_picture_stored_lying_is_turned(tmp_path: Path) -> None:
    folder = altered(tmp_path / "set", lambda c: None)
    turned = Image.Exif()
    turned[274] = 6  # orientation: turn by 90 degrees clockwise to show
    with Image.open(folder / "images" / "photo-00.png") as picture:
        upright = picture.copy()
    upright.transpose(Image.Transpose.ROTATE_90).save(folder / "images" / "photo-00.png", exif=turned)
    sample = load(read_photo_set(folder).photos[0])
    assert (sample.picture.permute(1, 2, 0).numpy() == upright).all()


def test_wrong_size(tmp_path: Path) -> None:
    folder = altered(tmp_path / "set", lambda c: c["images"][0].update(width=320, height=240))
    with pytest.raises(DataError, match="is 160x120, but annotations.json says 320x240"):
        load(read_photo_set(folder).photos[0])


def test_broken_json_and_picture(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "set", 2)
    (folder / "images" / "photo-00.png").write_text("no picture")
    with pytest.raises(DataError, match="not a picture that can be decoded"):
        load(read_photo_set(folder).photos[0])
    (folder / "annotations.json").write_text("{}")
    with pytest.raises(DataError, match="not COCO JSON"):
        read_photo_set(folder)
