"""What detectors have found, read from files of both forms. Needs no PyTorch."""
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.documents import DataError
from trainer.sets import read_set

from .test_sets import make


def file_of(folder: Path, content: object) -> Path:
    (folder / "seen.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "seen.json"


def seen(change: Callable[[dict], None] = lambda content: None) -> dict:
    """Boxes in the photo b.jpg, whose own box is [1, 2, 20, 30], by another file's ids."""
    boxes = [([40, 4, 20, 30], 0.75, 1), ([2, 3, 20, 29], 0.9, 1), ([60, 40, 20, 20], 0.2, 1), ([40, 4, 20, 30], 0.5, 3)]
    content = {"images": [{"id": "x", "file_name": "elsewhere/b.jpg", "width": 96, "height": 72}],
               "categories": [{"id": 1, "name": "Blue"}, {"id": 3, "name": "green"}],
               "annotations": [{"id": number, "image_id": "x", "category_id": kind, "bbox": box, "score": score}
                               for number, (box, score, kind) in enumerate(boxes)]}
    change(content)
    return content


def test_both_forms_add_what_no_annotation_explains(tmp_path: Path) -> None:
    """Weak ones, those on annotated objects and those of other classes and photos are counted."""
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    own = json.loads((folder / "annotations.json").read_text())
    image = next(image["id"] for image in own["images"] if image["file_name"].endswith("b.jpg"))
    blue = next(kind["id"] for kind in own["categories"] if kind["name"] == "blue")
    results = [{"image_id": image, "category_id": blue if entry["category_id"] == 1 else 9999,
                "bbox": entry["bbox"], "score": entry["score"]} for entry in seen()["annotations"]]
    for content in (seen(), results):
        found = read_set(folder / "annotations.json", seen=file_of(folder, content))
        photo = found.photos[1]
        assert (photo.boxes[1:], photo.labels[1:], photo.weights) == ([[40, 4, 60, 34]], [2], [1.0, 0.75])
        assert [remark for remark in found.remarks if "1 of 4 detections add to the annotations; left out: " in remark
                and all(words in remark for words in ("1 with a score below 0.25", "1 of classes that the set does not have",
                                                      "1 on annotated objects"))], found.remarks


def test_a_score_of_one_is_no_annotation(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    content = seen(lambda content: content["annotations"][0].update(score=1))
    assert 0.99 < read_set(folder / "annotations.json", seen=file_of(folder, content)).photos[1].weights[1] < 1
    nothing = seen(lambda content: content["annotations"].clear())
    assert read_set(folder / "annotations.json", seen=file_of(folder, nothing)).photos[1].weights == [1.0]


@pytest.mark.parametrize("change, message", [
    (lambda c: c["annotations"][1].update(score=93), r"annotations\[1\]: score is 93, but must be from 0 to 1: divide percent"),
    (lambda c: c["annotations"][1].update(score=-2.5), r"annotations\[1\]: score is -2.5, but must be from 0 to 1: write a prob"),
    (lambda c: c["annotations"][0].update(score=float("nan")), r"annotations\[0\]: score contains NaN, but must be a number"),
    (lambda c: c["annotations"][0].update(score="0.5"), r"score contains \"0.5\" in quotes: write numbers without quotes"),
    (lambda c: c["annotations"][0].pop("score"), r"annotations\[0\]: score contains null, but must be a number from 0 to 1"),
    (lambda c: c["annotations"][0].update(bbox=[1, 2, float("inf"), 4]), r"annotations\[0\]: bbox contains Infinity"),
    (lambda c: c["annotations"].append(7), r"annotations\[4\] is 7, but must be an object"),
    (lambda c: c["images"][0].update(width=192), r"images\[0\] says that elsewhere/b.jpg is 192x72, the set says 96x72"),
    (lambda c: c["images"][0].update(file_name="z.jpg"), "none of its boxes is in an image of this set"),
    (lambda c: [kind.update(name=f"other {kind['id']}") for kind in c["categories"]], "none of its boxes is of a class"),
    (lambda c: [entry.update(bbox=[0.1, 0.2, 0.3, 0.4]) for entry in c["annotations"]], "smaller than a pixel, as"),
])
def test_mistakes_are_explained(tmp_path: Path, change: Callable[[dict], None], message: str) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    with pytest.raises(DataError, match=f"seen.json: .*{message}"):
        read_set(folder / "annotations.json", seen=file_of(folder, seen(change)))


@pytest.mark.parametrize("content, message", [
    ("[" * 100_000, "is not valid JSON"), ('[{"image_id": 1]', "is not valid JSON: .* at line 1"), ("[1]", r"\[0\] is 1, but must"),
    ("", "is empty"), ("{}", "it has no `images`")])
def test_other_files_are_rejected(tmp_path: Path, content: str, message: str) -> None:
    folder = make(tmp_path, ["images/a.jpg"])
    (folder / "seen.json").write_text(content)
    with pytest.raises(DataError, match=f"seen.json: .*{message}"):
        read_set(folder / "annotations.json", seen=folder / "seen.json")
