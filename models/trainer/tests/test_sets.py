"""Directories of photos as tools export them: which file is read, where images are found, what headers say."""
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.annotations import DataError, Size
from trainer.headers import read_header
from trainer.sets import listed, read_set


def jpeg(width: int, height: int, orientation: int | None = None, kind: int = 3, before: bytes = b"") -> bytes:
    """A JPEG's bytes up to its frame header: all that is read of it."""
    exif = b""
    if orientation:
        value = struct.pack("<HH" if kind == 3 else "<I", *((orientation, 0) if kind == 3 else (orientation,)))
        tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 0x0112, kind, 1) + value + bytes(4)
        exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + before + exif + b"\xff\xc0" + frame + b"\xff\xda"


def png(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def make(folder: Path, pictures: list[str], annotations: str = "annotations.json",
         change: Callable[[dict], None] = lambda content: None, names: list[str] | None = None) -> Path:
    """A set of images of 96x72 with a box each; `names` is what the entries call them."""
    content = {"images": [], "annotations": [], "categories": [{"id": 9, "name": "blue"}, {"id": 4, "name": "red"}]}
    for number, picture in enumerate(pictures):
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        (folder / picture).write_bytes(jpeg(96, 72))
        content["images"].append({"id": number, "file_name": names[number] if names else os.path.basename(picture),
                                  "width": 96, "height": 72})
        content["annotations"].append({"id": number, "image_id": number, "category_id": (4, 9)[number % 2],
                                       "bbox": [number, 2, 20, 30]})
    change(content)
    (folder / annotations).parent.mkdir(parents=True, exist_ok=True)
    (folder / annotations).write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_classes_follow_ids_and_boxes_become_corners(tmp_path: Path) -> None:
    found = read_set(make(tmp_path, ["images/b.jpg", "images/a.jpg"]))
    assert found.classes == ["red", "blue"] and not found.remarks
    assert [(photo.name, photo.labels, photo.boxes) for photo in found.photos] == [
        ("a.jpg", [2], [[1, 2, 21, 32]]), ("b.jpg", [1], [[0, 2, 20, 32]])]


@pytest.mark.parametrize(("pictures", "file", "names"), [
    (["images/a.jpg", "images/b.jpg"], "result.json", ["images/a.jpg", "../../upload/7/b.jpg"]),      # Label Studio
    (["images/default/a.jpg", "images/default/b.jpg"], "annotations/instances_default.json", None),    # CVAT
    (["images/train/a.jpg", "images/val/a.jpg"], "annotations/instances_train.json", None),
    (["a.jpg", "b.jpg"], "_annotations.coco.json", None),                                              # Roboflow
    (["images/a.jpg", "images/b.jpg"], "boxes.json", None),
    (["images/a.jpg", "images/thumbs/a.jpg"], "annotations.json", None),
], ids=["Label Studio", "CVAT", "CVAT's subset", "Roboflow", "another name", "smaller copies"])
def test_layouts(tmp_path: Path, pictures: list, file: str, names: list | None) -> None:
    def one_of_two(content: dict) -> None:
        if os.path.basename(pictures[0]) == os.path.basename(pictures[1]):
            del content["images"][1:], content["annotations"][1:]
    folder = make(tmp_path / "set", pictures, file, one_of_two, names)
    for place in (folder, folder / file):
        assert read_set(place).photos[0].path == folder / pictures[0]


def test_which_file_is_meant(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="annotations.json is missing: a set is a directory with images/"):
        read_set(tmp_path / "nowhere")
    make(tmp_path / "export" / "train", ["a.jpg"], "_annotations.coco.json")
    with pytest.raises(DataError, match="there is a set in .*export/train"):
        read_set(tmp_path / "export")
    make(tmp_path / "two", ["images/a.jpg"], "annotations/instances_a.json")
    make(tmp_path / "two", ["images/a.jpg"], "annotations/instances_b.json")
    with pytest.raises(DataError, match="several annotation files, annotations/instances_a.json and"):
        read_set(tmp_path / "two")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(DataError, match="pipe.json: is no regular file"):
        read_set(tmp_path / "pipe.json")


@pytest.mark.parametrize("files, message", [
    (["data.yaml", "train/labels/a.txt", "train/images/a.jpg"], "train/labels/a.txt is of YOLO's labels: export the boxes"),
    (["labels/train/a.txt", "images/train/a.jpg"], "labels/train/a.txt is of YOLO's labels"),
    (["Annotations/a.xml", "JPEGImages/a.jpg"], "Annotations/a.xml is of Pascal VOC's XML: export the boxes as COCO"),
    (["a.json", "b.json", "a.jpg", "b.png"], "contains a file for each image, as a.json, which labelme writes: export all"),
])
def test_sets_of_other_formats_are_named(tmp_path: Path, files: list, message: str) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    with pytest.raises(DataError, match=message):
        read_set(tmp_path)


def test_one_name_in_two_folders(tmp_path: Path) -> None:
    pictures = ["images/monday/f.jpg", "images/tuesday/f.jpg", "images/g.jpg"]
    found = read_set(make(tmp_path, pictures, names=["monday/f.jpg", "tuesday/f.jpg", "g.jpg"]))
    assert [photo.name for photo in found.photos] == ["g.jpg", "monday/f.jpg", "tuesday/f.jpg"]
    chosen = tmp_path / "list.txt"
    chosen.write_text("images/tuesday/f.jpg\r\n\ng.jpg\n")
    with pytest.raises(DataError, match="lists images/tuesday/f.jpg, which can be monday/f.jpg or tuesday/f.jpg"):
        listed([photo.name for photo in found.photos], chosen)
    chosen.write_text("\ufefftuesday/f.jpg\r\n\ng.jpg\n", encoding="utf-8")
    assert listed([photo.name for photo in found.photos], chosen) == {"tuesday/f.jpg", "g.jpg"}
    chosen.write_text("h.jpg\n")
    with pytest.raises(DataError, match="h.jpg, which is not among"):
        listed([photo.name for photo in found.photos], chosen)


def test_pictures_that_are_missing_or_not_named(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    (folder / "images" / "c.jpg").write_bytes(jpeg(96, 72))
    assert read_set(folder).remarks == [f"1 of 3 images in {folder / 'images'} is not named in it, as c.jpg: skipped"]
    (folder / "images" / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"annotations.json: 1 of 2 images that it names is missing from .*images, as b.jpg"):
        read_set(folder)


def test_links_that_lead_back(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg"])
    (folder / "images" / "again").symlink_to(folder / "images")
    assert len(read_set(folder).photos) == 1


def test_headers_are_compared(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    (folder / "images" / "b.jpg").write_bytes(jpeg(48, 36))
    with pytest.raises(DataError, match="b.jpg is 48x36, but its entry says 96x72"):
        read_set(folder)
    (folder / "images" / "b.jpg").write_bytes(jpeg(96, 72, orientation=6))
    with pytest.raises(DataError, match="b.jpg is 72x96 when it is turned as its EXIF data say, the annotations are of 96x72"):
        read_set(folder)
    (folder / "images" / "b.jpg").write_bytes(jpeg(72, 96, orientation=6))
    assert read_set(folder).photos[1].size == Size(96, 72)


def test_what_may_be_unboxed_and_what_is_ignored(tmp_path: Path) -> None:
    def change(content: dict) -> None:
        content["images"][0]["exhaustive"] = [9]
        content["annotations"][0] |= {"iscrowd": 1}
    found = read_set(make(tmp_path, ["images/a.jpg", "images/b.jpg"], change=change))
    first, second = found.photos
    assert found.classes == ["red", "blue"] and first.unknown == [1] and second.unknown == []
    assert (first.boxes, first.ignored, first.ignored_labels) == ([], [[0, 2, 20, 32]], [1])
    assert (second.boxes, second.weights, second.ignored) == ([[1, 2, 21, 32]], [1.0], [])


@pytest.mark.parametrize("value, message", [
    ("[9]", r'images\[0\]: exhaustive is "\[9\]", but must be a list of ids of categories'),
    ({"9": 1}, r"images\[0\]: exhaustive is an object, but must be a list"),
    ([9, None], r"images\[0\]: exhaustive contains null, but must be a list"),
    ([9, [4]], r"images\[0\]: exhaustive is a list, but must be a whole number or a text"),
    ([9, 77], r"images\[0\]: exhaustive contains 77, which `categories` does not list: remove it there, or add"),
])
def test_what_is_exhaustive_is_checked(tmp_path: Path, value: object, message: str) -> None:
    folder = make(tmp_path, ["images/a.jpg"], change=lambda content: content["images"][0].update(exhaustive=value))
    with pytest.raises(DataError, match="annotations.json: " + message):
        read_set(folder)


def further(folder: Path, change: Callable[[dict], None] = lambda content: None) -> Path:
    """A further annotation file of the same photos: one box with a score, other ids than in the set."""
    content = {"images": [{"id": "x", "file_name": "b.jpg", "width": 96, "height": 72}],
               "annotations": [{"id": 70, "image_id": "x", "category_id": 1, "bbox": [30, 4, 20, 30], "score": 0.625}],
               "categories": [{"id": 1, "name": "blue"}]}
    change(content)
    (folder / "further.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "further.json"


def test_further_boxes_of_the_same_photos(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    file = further(folder)
    soft = read_set(folder / "annotations.json", soft_boxes=file).photos[1]
    assert (soft.boxes[1:], soft.labels[1:], soft.weights) == ([[30, 4, 50, 34]], [2], [1.0, 0.625])
    ignored = read_set(folder / "annotations.json", ignore_boxes=file).photos[1]
    assert (ignored.ignored, ignored.ignored_labels, len(ignored.boxes)) == ([[30, 4, 50, 34]], [2], 1)
    crowd = read_set(folder / "annotations.json",
                     ignore_boxes=further(folder, lambda content: content["annotations"][0].update(iscrowd=1)))
    assert crowd.photos[1] == ignored and not crowd.remarks


@pytest.mark.parametrize("change, message", [
    (lambda c: c["images"][0].update(file_name="z.jpg"), r"images\[0\] is of z.jpg, which the set does not name: remove"),
    (lambda c: c["images"][0].update(width=192), r"images\[0\] says that b.jpg is 192x72, the set says 96x72: boxes would be"),
    (lambda c: c["categories"][0].update(name="green"), r"categories\[0\] is green, which is no category of the set"),
    (lambda c: c["annotations"][0].pop("score"), r"annotation 70 \(annotations\[0\]\): a soft box must have a score"),
    (lambda c: c["annotations"][0].update(score=1.5), "a soft box must have a score above 0 and up to 1"),
    (lambda c: c["annotations"][0].update(score=float("nan")), "a soft box must have a score above 0 and up to 1"),
    (lambda c: c["annotations"][0].update(bbox=[30, 4, 90, 30]), "1 of 1 boxes is|all 1 boxes are outside the image"),
    (lambda c: c["annotations"].clear(), "its list of annotations is empty"),
])
def test_further_boxes_are_checked(tmp_path: Path, change: Callable[[dict], None], message: str) -> None:
    folder = make(tmp_path, ["images/a.jpg", "images/b.jpg"])
    with pytest.raises(DataError, match=f"further.json: .*({message})"):
        read_set(folder / "annotations.json", soft_boxes=further(folder, change))


def test_long_names_are_rejected(tmp_path: Path) -> None:
    folder = make(tmp_path, ["images/a.jpg"], change=lambda content: content["categories"][1].update(name="\u00e9" * 128))
    with pytest.raises(DataError, match=r"the name of categories\[1\] has more than 255 bytes"):
        read_set(folder)


@pytest.mark.parametrize(("content", "expected"), [
    (jpeg(96, 72), (Size(96, 72), False)),
    (jpeg(96, 72, 3), (Size(96, 72), False)),
    (jpeg(96, 72, 6), (Size(72, 96), True)),
    (jpeg(96, 72, 8, kind=4), (Size(72, 96), True)),
    (jpeg(96, 72, 9), (Size(96, 72), False)),
    (jpeg(96, 72, before=b"\xff\xe2\xff\xff" + bytes(65533) + b"\0\0\xff\xff"), (Size(96, 72), False)),
    (jpeg(0, 72), None),
    (jpeg(96, 72)[:9], None),
    (png(96, 72), (Size(96, 72), False)),
    (png(96, 72)[:20], None),
    (b"", None),
])
def test_headers(tmp_path: Path, content: bytes, expected: tuple | None) -> None:
    (tmp_path / "picture").write_bytes(content)
    assert read_header(tmp_path / "picture") == expected


def test_without_the_packages_the_manual_is_named(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    outcome = subprocess.run([sys.executable, "-m", "trainer", "train"], cwd=Path(__file__).parents[2], text=True,
                             capture_output=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}, timeout=60)
    assert outcome.returncode == 1
    assert outcome.stderr == "trainer: this Python has no torch: see Install in models/README.md\n"
