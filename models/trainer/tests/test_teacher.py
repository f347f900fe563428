"""Teachers in ONNX files: graphs, decoding and suppression against scalar twins, and messages."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.dataset import load, read_photo_set
from trainer.documents import DataError
from trainer.sets import read_set
from trainer.teacher import COCO_CLASSES, FILL, Teacher, decode, letterboxed, suppressed

onnx = pytest.importorskip("onnx", reason="an optional dependency")
reference = pytest.importorskip("onnx.reference", reason="an optional dependency")
pytest.importorskip("onnxruntime", reason="an optional dependency")

from .conftest import draw_set  # noqa: E402
from .yolox import CHANNELS, yolox  # noqa: E402

MODELS = Path(__file__).resolve().parents[2]
@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return yolox(tmp_path_factory.mktemp("teachers") / "tiny.onnx")


CLASSES = ["cat", "unicorn", "Person"]


def test_batches_of_any_size_give_what_single_images_give(file: Path) -> None:
    """Against ONNX's reference implementation of the file as it is, and the maps against the tensors of the graph."""
    model = onnx.load(file)
    model.graph.output.extend(onnx.ValueInfoProto(name=f"neck{level}.silu") for level in (1, 2))
    judge = reference.ReferenceEvaluator(model)
    pictures = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    teacher = Teacher(file, CLASSES, maps=True)
    outputs = teacher.run(pictures)
    assert teacher.fixed is None and teacher.channels == (CHANNELS, CHANNELS)
    for number, picture in enumerate(pictures):
        expected = judge.run(None, {"images": picture.flip(0)[None].float().numpy()})
        assert len(expected) == len(outputs) == 3
        for mine, wanted in zip(outputs, expected):
            assert np.abs(mine[number].numpy() - wanted[0]).max() <= 1e-4 * np.abs(wanted).max()
    assert [tuple(output.shape) for output in teacher.run(torch.zeros(2, 3, 96, 96, dtype=torch.uint8))] == [
        (2, 12 * 12 + 6 * 6 + 3 * 3, 85), (2, CHANNELS, 6, 6), (2, CHANNELS, 3, 3)]


def test_decoding_and_suppression_against_a_loop() -> None:
    generator = torch.Generator().manual_seed(1)
    rows = torch.rand(2, 84, 5 + 3, generator=generator)
    rows[..., 2:4] = rows[..., 2:4] * 3 - 0.5
    boxes, scores = decode(rows, (64, 64))
    found = suppressed(boxes, scores, 0.3, most=20)
    cells = [(stride, x, y) for stride in (8, 16, 32) for y in range(64 // stride) for x in range(64 // stride)]
    for image in range(2):
        candidates = []
        for (stride, x, y), row in zip(cells, rows[image].tolist()):
            width, height = (np.exp(value) * stride for value in row[2:4])
            middle = ((row[0] + x) * stride, (row[1] + y) * stride)
            box = (middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)
            candidates.append((box, [row[4] * value for value in row[5:]]))
        kept: list = []
        for box, values in sorted(candidates, key=lambda candidate: -max(candidate[1])):
            if max(values) >= 0.3 and all(overlap(box, other) <= 0.65 or np.argmax(values) != np.argmax(more)
                                          for other, more in kept):
                kept.append((box, values))
        assert len(kept) > 3
        kept = kept[:20]
        assert (found.scores[image].amax(1) > 0).sum() == len(kept)
        assert np.abs(found.boxes[image, :len(kept)].numpy() - [box for box, _ in kept]).max() <= 1e-3
        assert np.abs(found.scores[image, :len(kept)].numpy() - [values for _, values in kept]).max() <= 1e-5


def overlap(one: tuple, other: tuple) -> float:
    sides = [max(0.0, min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])) for axis in (0, 1)]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return sides[0] * sides[1] / (sum(areas) - sides[0] * sides[1])


def test_classes_go_by_name_and_boxes_by_the_photo(file: Path, capsys: pytest.CaptureFixture) -> None:
    """A photo that fills half of the teacher's input has its boxes in shares of itself."""
    teacher = Teacher(file, CLASSES, threshold=0.0)
    assert "2 of the teacher's 80 classes are the set's; what it sees of the other 78 is dropped; it does not know unicorn" \
        in capsys.readouterr().out
    photo = torch.randint(0, 256, (3, 32, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    boxed, factor = letterboxed(photo, 64)
    assert factor == 1 and torch.equal(boxed[:, :32], photo) and (boxed[:, 32:] == FILL).all()
    there, _ = teacher.look(boxed[None], 64)
    here = teacher.look_at_photos([photo], 64)
    assert (here.boxes - there.boxes * torch.tensor([1, 2, 1, 2])).abs().max() <= 1e-5
    _, scores = decode(teacher.run(boxed[None])[0], (64, 64))
    assert float(here.scores[..., 0].max()) == float(scores[..., COCO_CLASSES.index("cat")].max())
    assert float(here.scores[..., 2].max()) == float(scores[..., 0].max()) and not here.scores[..., 1].any()


def test_teach_writes_what_train_takes(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """By the set's ids and in its pixels; and it never overwrites the set."""
    drawn = draw_set(tmp_path / "set", 3)
    source, out = drawn / "annotations.json", tmp_path / "seen.json"
    source.write_text(source.read_text().replace('"red"', '"person"'))
    command = [sys.executable, "-m", "trainer", "teach", file, drawn, "--threshold", "0.1", "--out"]
    done = subprocess.run([*command, source], capture_output=True, text=True, cwd=MODELS)
    assert done.returncode == 1 and "is an input of this command" in done.stderr
    done = subprocess.run([*command, out], capture_output=True, text=True, cwd=MODELS)
    assert done.returncode == 0 and "teach: 3 of 3 photos" in done.stdout, done.stderr
    content, own = json.loads(out.read_text()), json.loads(source.read_text())
    assert [entry["id"] for entry in content["images"]] == [entry["id"] for entry in own["images"]]
    photos = read_photo_set(drawn)
    found = Teacher(file, photos.classes, threshold=0.1).look_at_photos([load(photo).picture for photo in photos.photos])
    person = photos.classes.index("person")
    expected = found.scores[..., person][found.scores[..., person] >= 0.1].tolist()
    assert expected and [entry["score"] for entry in content["annotations"]] == pytest.approx(expected, abs=1e-4)
    assert {entry["category_id"] for entry in content["annotations"]} == {4}
    assert all(entry["bbox"][0] + entry["bbox"][2] <= 160.02 for entry in content["annotations"])
    assert "detections add to the annotations" in str(read_set(drawn, seen=out).remarks)


def test_mistakes_are_explained(file: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of this set's classes .unicorn. is one of COCO's 80"):
        Teacher(file, ["unicorn"])
    (tmp_path / "damaged.onnx").write_bytes(file.read_bytes()[:5000])
    for path, words in ((tmp_path / "damaged.onnx", "is not an ONNX file, or is damaged"),
                        (tmp_path / "none.onnx", "cannot be read: No such file"),
                        (yolox(tmp_path / "three.onnx", columns=8), "does not compute rows of 85 values")):
        with pytest.raises(DataError, match=words) as caught:
            Teacher(path, CLASSES)
        assert str(path) in str(caught.value)
    with pytest.raises(DataError, match="use --imitate 0"):
        Teacher(yolox(tmp_path / "neck.onnx", joint="Sum"), CLASSES, maps=True)
