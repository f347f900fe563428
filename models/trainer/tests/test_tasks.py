"""Classification and segmentation: what is read, what networks see of it, figures, and whole small runs."""
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trainer import checkpoint
from trainer.__main__ import main
from trainer.dataset import DataError
from trainer.folders import read_class_folders, split_folders
from trainer.masks import read_masked_images
from trainer.networks import Classifier, Segmenter
from trainer.ranking import confusion, overlaps, top_shares
from trainer.scenes import Augmentation
from trainer.squares import DRAWS, IGNORED, Squares, views
from trainer.stage import Stage
from trainer.tasks import task_of

from .conftest import COLOURS, draw_set

REPOSITORY = Path(__file__).resolve().parents[3]
SMALL = ["--network", "mobilevitv1-xxs", "--size", "64", "--sizes", "32", "64", "--batch", "4", "--threads", "1",
         "--evaluate-minutes", "9", "--learning-rate", "0.002", "--average", "0.5"]


def draw_classes(folder: Path, count: int, seed: int = 0) -> Path:
    """Images of plain red and plain blue under noise, `count` of each."""
    random = np.random.default_rng(seed)
    for name, colour in zip(("red", "blue"), COLOURS):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture = random.integers(0, 90, (40, 56, 3)) + np.array(colour) * 0.6
            Image.fromarray(picture.astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


def draw_masks(folder: Path, count: int, seed: int = 0) -> Path:
    """A rectangle, red or blue, on grey noise, with a strip at the right of which nothing is known."""
    random = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    (folder / "labels.txt").write_text("table\nred\nblue\n")
    for number in range(count):
        picture = random.integers(90, 130, (48, 64, 1), np.uint8).repeat(3, 2)
        mask = np.zeros((48, 64), np.uint8)
        x, y = random.integers(0, 30), random.integers(0, 20)
        picture[y:y + 26, x:x + 30] = COLOURS[number % 2]
        mask[y:y + 26, x:x + 30] = 1 + number % 2
        mask[:, 60:] = IGNORED
        Image.fromarray(picture).save(folder / "images" / f"{number:02}.jpg", quality=95)
        Image.fromarray(mask).save(folder / "masks" / f"{number:02}.png")
    return folder


def trainer(*arguments: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["trainer", *map(str, arguments)])
        assert main() == 0


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_classes(tmp_path_factory.mktemp("sets") / "classes", 8)


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_masks(tmp_path_factory.mktemp("sets") / "masked", 16)


def test_a_directory_tells_its_task(classes: Path, masked: Path, drawn: Path) -> None:
    assert [task_of(folder) for folder in (classes, masked, drawn, drawn / "annotations.json", drawn / "none")] \
        == ["classification", "segmentation", "detection", "detection", "detection"]


def test_masks_move_with_their_images() -> None:
    """Each mask is its image; so it must be after turning, mirroring and cropping, but at edges."""
    values = torch.tensor([0, 40, 80, 120], dtype=torch.uint8).repeat_interleave(24)
    masks = torch.stack([(values[:, None] + values[None]), values[None].expand(96, 96)])
    squares = Squares(masks[:, None].expand(2, 3, 96, 96).contiguous(), masks, torch.device("cpu"))
    draws = torch.rand(8, DRAWS, generator=torch.Generator().manual_seed(3))
    draws[:, -6], draws[:, -2] = 1, 1           # in their own colours
    strong = Augmentation(zoom=2, rotated=1, rotation=40, flip=0.5, quarter_turns=0.5)
    pictures, labels = views(squares, torch.tensor([0, 1] * 4), draws, 64, strong)
    known, seen = labels != IGNORED, pictures[:, 0].long()
    same = (seen == labels)[known]
    assert same.float().mean() > 0.85 and len(labels[known].unique()) == 7
    assert (~known).any() and (seen[~known] == 114).float().mean() > 0.85
    plain, unmoved = views(squares, torch.tensor([0]), torch.ones(1, DRAWS), 96, Augmentation(zoom=1, flip=0, rotated=0))
    assert plain.shape == (1, 3, 96, 96) and unmoved.unique().tolist() == list(range(0, 241, 40))


def test_figures() -> None:
    generator = torch.Generator().manual_seed(1)
    found, wanted = (torch.randint(0, 4, (30, 40), generator=generator) for _ in range(2))
    wanted[:3] = IGNORED
    wanted[wanted == 3] = 2
    found[(found == 3) & (wanted != IGNORED)] = 0   # only where it does not count
    ious = overlaps(confusion(found, wanted, 4))
    pairs = [(a, b) for a, b in zip(found.flatten().tolist(), wanted.flatten().tolist()) if b != IGNORED]
    for label in range(3):
        mine, theirs = ({place for place, pair in enumerate(pairs) if pair[side] == label} for side in (0, 1))
        assert ious[label] == pytest.approx(len(mine & theirs) / len(mine | theirs))
    assert ious[3].isnan()
    logits = torch.tensor([[0.0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [0, 9, 1, 1, 1, 1, 1]])
    assert top_shares(logits, torch.tensor([6, 5, 1])) == pytest.approx({"top1": 2 / 3, "top5": 2 / 3})


def test_what_is_wrong_with_a_set_is_told(tmp_path: Path, classes: Path) -> None:
    with pytest.raises(DataError, match="contains 0 directories with images"):
        read_class_folders(tmp_path)
    with pytest.raises(DataError, match="red: is a class that the set to learn from does not have"):
        read_class_folders(classes, ["blue", "green"])
    folder = draw_masks(tmp_path / "set", 3)
    assert read_masked_images(folder).squares(32)[1].unique().tolist() == [0, 1, 2, IGNORED]
    Image.new("RGB", (64, 48)).save(folder / "masks" / "00.png")
    with pytest.raises(DataError, match="00.png is of the mode RGB"):
        read_masked_images(folder).squares(32)
    Image.new("L", (64, 47)).save(folder / "masks" / "00.png")
    with pytest.raises(DataError, match="00.png is 64x47, but the image is 64x48"):
        read_masked_images(folder).squares(32)
    Image.new("L", (64, 48), 3).save(folder / "masks" / "00.png")
    with pytest.raises(DataError, match="has the value 3, but labels.txt names 3 classes"):
        read_masked_images(folder).squares(32)
    (folder / "masks" / "01.png").unlink()
    with pytest.raises(DataError, match="01.png is missing"):
        read_masked_images(folder)
    (folder / "labels.txt").unlink()
    with pytest.raises(DataError, match="labels.txt is missing"):
        read_masked_images(folder)


def test_drawn_cards_have_exact_masks(tmp_path: Path) -> None:
    subprocess.run([sys.executable, REPOSITORY / "toolchains" / "draw-cards", tmp_path, "--masks", "6"], check=True)
    assert task_of(tmp_path) == "segmentation"
    found = read_masked_images(tmp_path)
    assert found.classes == ["background", "nine", "ten", "jack", "queen", "king", "ace"] and len(found.names) == 6
    # Cards are white at their edge, the tables brown: what is bright is within a mask, but for a soft edge.
    for picture, mask in map(found.one, found.names):
        bright = picture[2] > 180
        assert (mask[bright] > 0).float().mean() > 0.99 if bright.any() else not mask.any()
        assert picture[2][mask == 0].max() < 200


def test_options_of_detectors_are_rejected(classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["trainer", "train", str(classes), "--out", str(tmp_path / "run"), "--learn", "scores"])
    assert main() == 1
    assert f"--learn is for detectors, but {classes} is for classification" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_images_held_back(classes: Path, tmp_path: Path) -> None:
    training, held_back = split_folders(classes, None)
    assert training.classes == ["blue", "red"] and held_back.names == ["blue/0.png", "blue/4.png", "red/0.png", "red/4.png"]
    assert sorted([*training.names, *held_back.names]) == sorted(read_class_folders(classes).names)
    (tmp_path / "list.txt").write_text("blue/3.png\nred/2.png\n")
    assert split_folders(classes, tmp_path / "list.txt")[1].labels == [0, 1]
    other = draw_classes(tmp_path / "other", 1)
    assert split_folders(classes, other)[1].folder == other


TASKS = [("classification", 0.9, "top1"), ("segmentation", 0.4, "mean_iou")]


@pytest.mark.parametrize("task, least, figure", TASKS)
def test_a_run_learns_and_says_how_to_import(task: str, least: float, figure: str, classes: Path, masked: Path, tmp_path: Path,
                                             capsys: pytest.CaptureFixture) -> None:
    data = classes if task == "classification" else masked
    trainer("train", data, *SMALL, "--steps", "80", "--out", tmp_path / "a run")
    printed = capsys.readouterr().out
    reached = float(re.findall(f"validation {figure} ([0-9.]+)", printed)[-1])
    assert reached >= least
    trainer("evaluate", data, *SMALL[:4], "--weights", tmp_path / "a run" / "latest.pt")
    assert f"{len(list(data.rglob('*.jpg')) or list(data.rglob('*.png'))) // 4} images: {figure} {reached:.3f}" \
        in capsys.readouterr().out
    model = Classifier("mobilevitv1-xxs", 2) if task == "classification" else Segmenter("mobilevitv1-xxs", 3)
    weights = checkpoint.read(tmp_path / "a run" / "latest.pt")
    assert checkpoint.take_over(model, weights) == []
    assert ("conv_1.block.conv.weight" in weights) == (task == "classification")
    trainer("export", tmp_path / "a run" / "checkpoint.pt", "-o", tmp_path / "exported.pt")
    exported = checkpoint.read(tmp_path / "exported.pt")
    assert exported.keys() == weights.keys() and all(torch.equal(exported[key], weights[key]) for key in weights)
    command = shlex.split(printed.splitlines()[-1])
    assert command[:2] == ["swiftlet-model", "import"] and "--anchor-scales" not in command
    tool = os.environ.get("SWIFTLET_MODEL") or shutil.which("swiftlet-model") \
        or str(REPOSITORY / ".build" / "release" / "swiftlet-model")
    if Path(tool).exists():
        done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_resumed_run_gives_the_same_weights(task: str, classes: Path, masked: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    data = classes if task == "classification" else masked
    step = Stage.step

    def stopping(stage: Stage, *arguments: object) -> None:
        if stage.budget.done_steps == 2 and stage.folder.name == "run":
            raise KeyboardInterrupt
        step(stage, *arguments)

    monkeypatch.setattr(Stage, "step", stopping)
    trainer("train", data, *SMALL, "--steps", "4", "--out", tmp_path / "whole")
    with pytest.raises(AssertionError):
        trainer("train", data, *SMALL, "--steps", "4", "--out", tmp_path / "run", "--save-minutes", "0")
    monkeypatch.setattr(Stage, "step", step)
    trainer("train", data, *SMALL, "--steps", "4", "--out", tmp_path / "run", "--resume")
    whole, resumed = (checkpoint.read(tmp_path / name / "latest.pt") for name in ("whole", "run"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_crops_are_sorted_by_class(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    trainer("crops", draw_set(tmp_path / "set", 6), "--out", tmp_path / "crops", "--most", "2")
    assert "4 images: red 2, blue 2" in capsys.readouterr().out
    found = read_class_folders(tmp_path / "crops")
    assert found.classes == ["blue", "red"] and found.labels == [0, 0, 1, 1]
    middle = found.squares(32)[:, :, 12:20, 12:20].float().mean((2, 3))
    assert [(row > 150).nonzero().flatten().tolist() for row in middle] == [[2], [2], [0], [0]]
