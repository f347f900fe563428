"""Packed files: what goes in comes out; what is damaged or made up is rejected."""
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from trainer import pack
from trainer.dataset import DataError, load, pack_sets, read_photo_set, split

from .conftest import draw_set


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with a region to ignore and a photo in which one class may go unboxed."""
    folder = draw_set(tmp_path_factory.mktemp("marked") / "set", 6)
    content = json.loads((folder / "annotations.json").read_text())
    content["annotations"][0]["iscrowd"] = 1
    content["images"][1]["exhaustive"] = [9]
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


def repacked(file: Path, change: Callable[[dict], None]) -> None:
    """Changes a pack's header, with the checksum that fits."""
    content = file.read_bytes()
    length = pack.PREFIX.unpack_from(content)[1]
    header = json.loads(content[pack.PREFIX.size:pack.PREFIX.size + length])
    body = content[pack.PREFIX.size + length:]
    change(header)
    text = json.dumps(header).encode()
    file.write_bytes(pack.PREFIX.pack(pack.MAGIC, len(text), zlib.crc32(text)) + text + body)


def test_what_is_packed_is_what_is_read(marked: Path, tmp_path: Path) -> None:
    plain = read_photo_set(marked)
    subprocess.run([sys.executable, "-m", "trainer", "pack", marked, "--out", tmp_path / "p", "--size", "80", "--quality",
                    "98"], check=True, cwd=Path(__file__).resolve().parents[2])
    found = read_photo_set(tmp_path / "p")
    assert (found.classes, found.category_ids) == (plain.classes, plain.category_ids) == (["red", "blue"], [4, 9])
    for photo, other in zip(plain.photos, found.photos, strict=True):
        one, two = load(photo, 80), load(other, 80)
        assert (photo.name, photo.id) == (other.name, other.id) and one.picture.shape == two.picture.shape == (3, 60, 80)
        assert (one.picture.float() - two.picture.float()).abs().mean() < 3
        for name in ("boxes", "labels", "weights", "ignored", "ignored_labels", "unknown"):
            assert torch.allclose(getattr(one, name).float(), getattr(two, name).float(), atol=0.01)
    assert len(found.photos[0].ignored) == 1 and found.photos[1].unknown.tolist() == [False, True, False]
    assert [photo.name for photo in split(found, None)[1]] == ["photo-00.png", "photo-04.png"]


def test_files_stay_below_the_limit_and_belong_together(marked: Path, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "LARGEST_FILE", 10_000)
    files = pack_sets([read_photo_set(marked)], ["a"], tmp_path / "p", 80, 90)
    assert len(files) > 1 and all(file.stat().st_size <= 10_000 for file in files)
    assert len(read_photo_set(tmp_path / "p").photos) == 6
    with pytest.raises(DataError, match="contains a pack already, photos-001.pack: name another directory"):
        pack_sets([read_photo_set(marked)], ["a"], tmp_path / "p", 80, 90)
    with pytest.raises(DataError, match=f"has 1 of the pack's {len(files)} files: copy the others too"):
        read_photo_set(files[0])
    pack_sets([read_photo_set(marked)], ["a"], tmp_path / "q", 64, 90)
    files[0].write_bytes((tmp_path / "q" / files[0].name).read_bytes())
    with pytest.raises(DataError, match="belongs to another pack than photos-001.pack"):
        read_photo_set(tmp_path / "p")
    monkeypatch.setattr(pack, "LARGEST_FILE", 4200)
    with pytest.raises(DataError, match="photo-00.png takes .* bytes, more than a pack may have"):
        pack_sets([read_photo_set(marked)], ["a"], tmp_path / "r", 160, 90)


def test_several_sets_in_one_pack(marked: Path, tmp_path: Path) -> None:
    """What one set does not know may go unboxed in it."""
    other = draw_set(tmp_path / "other", 2)
    content = json.loads((other / "annotations.json").read_text())
    content["categories"] = [{"id": 9, "name": "green"}, {"id": 4, "name": "red"}]
    (other / "annotations.json").write_text(json.dumps(content))
    pack_sets([read_photo_set(marked), read_photo_set(other)], ["1-a", "2-b"], tmp_path / "p", 80, 90)
    found = read_photo_set(tmp_path / "p")
    assert found.classes == ["red", "blue", "green"]
    assert found.photos[-1].name == "2-b/photo-01.png" and found.photos[-1].labels.tolist() == [3]
    assert found.photos[-1].unknown.tolist() == [False, False, True, False]
    assert found.photos[1].unknown.tolist() == [False, True, False, True]


@pytest.fixture
def packed(marked: Path, tmp_path: Path) -> Path:
    return pack_sets([read_photo_set(marked)], ["a"], tmp_path / "p", 80, 90)[0]


@pytest.mark.parametrize("change, message", [
    (lambda h: h.update(version=2), "version is 2, but this trainer reads 1"),
    (lambda h: h.update(parts=-1), "parts is no whole number"),
    (lambda h: h.update(parts=10 ** 9), "has 1 of the pack's 1000000000 files"),
    (lambda h: h.update(part=2), "is part 2 of 1"),
    (lambda h: h.update(classes=[]), "classes is no list of names"),
    (lambda h: h.update(classes=["a" * 300, "b"]), "classes is no list of names"),
    (lambda h: h.update(category_ids=[1]), "category_ids fits no classes"),
    (lambda h: h.update(photos={}), "photos is no list"),
    (lambda h: h["photos"].append(7), r"photos\[6\] is no object"),
    (lambda h: h["photos"].append(h["photos"][0]), "two photos are named photo-00.png"),
    (lambda h: h["photos"][2].update(name=""), r"photos\[2\]: name is no name"),
    (lambda h: h["photos"][2].update(id=None), r"photos\[2\]: id is no id"),
    (lambda h: h["photos"][2].update(width=10 ** 6), r"photos\[2\]: width is no size"),
    (lambda h: h["photos"][2].update(offset=-1), r"photos\[2\]: offset lies outside the file"),
    (lambda h: h["photos"][5].update(length=h["photos"][5]["length"] + 1), r"photos\[5\]: its JPEG would end at byte"),
    (lambda h: h["photos"][2].update(length=1e3), r"photos\[2\]: length lies outside"),
    (lambda h: h["photos"][2].update(boxes=[[0, 0, 81, 9]]), r"photos\[2\]: boxes has a box outside the photo"),
    (lambda h: h["photos"][2].update(boxes=[[5, 0, 5, 9]]), "boxes has a box outside the photo"),
    (lambda h: h["photos"][2].update(boxes=[[0, 0, float("nan"), 9]]), "boxes has a box outside the photo"),
    (lambda h: h["photos"][2].update(boxes=[]), "boxes, labels and weights differ in number"),
    (lambda h: h["photos"][2].update(labels=[3]), r"photos\[2\]: labels must be labels from 1 to 2"),
    (lambda h: h["photos"][2].update(labels=[True]), "labels must be labels from 1 to 2"),
    (lambda h: h["photos"][2].update(weights=[0]), "weights must be above 0 and up to 1"),
    (lambda h: h["photos"][2].update(unknown=[0]), "unknown must be labels"),
    (lambda h: h.pop("crc32"), "crc32 is no whole number"),
])
def test_what_is_made_up_is_rejected(packed: Path, change: Callable[[dict], None], message: str) -> None:
    repacked(packed, change)
    with pytest.raises(DataError, match=message) as caught:
        read_photo_set(packed)
    assert str(packed) in str(caught.value) and ("again" in str(caught.value) or "copy" in str(caught.value))


def test_damaged_bytes_are_rejected(packed: Path) -> None:
    """Whichever byte is flipped and wherever the file ends."""
    content = packed.read_bytes()
    places = [*range(0, 40), *range(40, len(content), 97), len(content) - 1]
    for place in places:
        packed.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1:])
        with pytest.raises(DataError, match="photos-001.pack"):
            read_photo_set(packed)
    for place in places:
        packed.write_bytes(content[:place])
        with pytest.raises(DataError, match="photos-001.pack"):
            read_photo_set(packed)
    packed.write_bytes(content)
    with open(packed, "r+b") as file:
        file.truncate(pack.LARGEST_FILE + 1)
    with pytest.raises(DataError, match="more than 30000000 bytes"):
        read_photo_set(packed)


def test_a_photo_that_is_not_what_its_entry_says(packed: Path) -> None:
    repacked(packed, lambda h: h["photos"][0].update(width=90))
    with pytest.raises(DataError, match="the JPEG of photo-00.png is not of 90x60 pixels as its entry says"):
        load(read_photo_set(packed).photos[0])
    repacked(packed, lambda h: h["photos"][1].update(length=h["photos"][1]["length"] // 40))
    with pytest.raises(DataError, match="photos-001.pack: the JPEG of photo-01.png"):
        load(read_photo_set(packed).photos[1])


def test_another_set_for_validation(marked: Path, packed: Path, tmp_path: Path) -> None:
    plain = read_photo_set(marked)
    training, held_back = split(plain, packed)
    assert len(training) == len(held_back) == 6 and held_back[0].jpeg and not training[0].jpeg
    repacked(packed, lambda h: h.update(classes=["red", "green"]))
    with pytest.raises(DataError, match="has the classes red, green, the set to learn from has red, blue"):
        split(plain, packed)


def test_a_pack_trains_with_torch_and_opencv_alone(packed: Path, tmp_path: Path) -> None:
    """Everything else that requirements.txt lists cannot be imported; Pillow comes with torchvision."""
    for name in ("pycocotools", "matplotlib", "onnx", "onnxruntime", "safetensors", "pytest"):
        (tmp_path / "absent" / name).mkdir(parents=True)
        (tmp_path / "absent" / name / "__init__.py").write_text(f"raise ModuleNotFoundError('absent', name={name!r})\n")
    done = subprocess.run([sys.executable, "-m", "trainer", "train", packed.parent, "--out", tmp_path / "run", "--network",
                           "xxs", "--size", "64", "--sizes", "64", "--batch", "2", "--steps", "2", "--pretrain-steps", "0",
                           "--batches", "device", "--threads", "1"], cwd=Path(__file__).resolve().parents[2],
                          env={**os.environ, "PYTHONPATH": str(tmp_path / "absent")}, capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "latest.pt").exists() and not (tmp_path / "run" / "curves.png").exists()
