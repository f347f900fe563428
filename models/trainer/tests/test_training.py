"""Whole small runs: learning, resuming, exporting."""
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torchvision.ops import box_convert

from trainer import checkpoint
from trainer.__main__ import parser
from trainer.dataset import DataError, load, read_photo_set
from trainer.evaluation import average_precision
from trainer.matching import PUBLISHED_SCALES, anchors_for
from trainer.networks import Detector
from trainer.stage import Stage, averaging, cosine
from trainer.terms import Batch, Term
from trainer.training import Options, Run

REPOSITORY = Path(__file__).resolve().parents[3]


def small(**changes: object) -> Options:
    return Options(**{"network": "0.5", "steps": 5, "pretrain_steps": 3, "size": 96, "sizes": [64], "crop_sizes": [64],
                      "batch": 2, "crop_batch": 4, "threads": 1, "save_minutes": 0, **changes})


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.read(folder / "latest.pt")


@pytest.fixture(scope="module")
def finished(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    Run(drawn, folder, small()).train()
    return folder


@pytest.mark.parametrize("stop", [2, 6], ids=["on crops", "in detection"])
def test_resumed_run_gives_the_same_weights(drawn: Path, finished: Path, tmp_path: Path, stop: int,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    taken, step = [], Stage.step

    def stopping(*arguments: object) -> None:
        if len(taken) == stop:
            raise KeyboardInterrupt
        taken.append(True)
        step(*arguments)

    monkeypatch.setattr(Stage, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        Run(drawn, tmp_path / "run", small()).train()
    monkeypatch.setattr(Stage, "step", step)
    with pytest.raises(DataError, match="add --resume"):
        Run(drawn, tmp_path / "run", small()).train()
    Run(drawn, tmp_path / "run", small()).train(resume=True)
    expected, got = weights_of(finished), weights_of(tmp_path / "run")
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[key], got[key]) for key in expected)


def test_resumed_run_on_the_device_gives_the_same_weights(drawn: Path, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches composed on the device, seldom classes more often, two sizes: stopped after two steps of five."""
    options = small(network="xxs", batches="device", balance=0.7, pretrain_steps=0)
    Run(drawn, tmp_path / "whole", options).train()
    step = Stage.step

    def stopping(stage: Stage, *arguments: object) -> None:
        if stage.budget.done_steps == 2:
            raise KeyboardInterrupt
        step(stage, *arguments)

    monkeypatch.setattr(Stage, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        Run(drawn, tmp_path / "run", options).train()
    monkeypatch.setattr(Stage, "step", step)
    Run(drawn, tmp_path / "run", options).train(resume=True)
    expected, got = weights_of(tmp_path / "whole"), weights_of(tmp_path / "run")
    assert all(torch.equal(expected[key], got[key]) for key in expected)
    states = [checkpoint.read(tmp_path / name / "checkpoint.pt") for name in ("whole", "run")]
    assert all(torch.equal(states[0]["model"][key], value) for key, value in states[1]["model"].items())
    assert states[0]["seen"] == states[1]["seen"] and states[1]["budget"]["steps"] == 5


def test_run_leaves_log_curves_and_labels(finished: Path) -> None:
    rows = (finished / "log.csv").read_text().splitlines()
    assert rows[0].startswith("stage,minutes,step") and any(row.startswith("detection,") for row in rows)
    assert (finished / "curves.png").stat().st_size > 1000
    assert (finished / "labels.txt").read_text() == "red\nblue\n"


def test_exported_checkpoint_is_plain(finished: Path, tmp_path: Path) -> None:
    output = tmp_path / "detector.pt"
    subprocess.run([sys.executable, "-m", "trainer", "export", finished / "checkpoint.pt", "-o", output],
                   check=True, cwd=Path(__file__).resolve().parents[2])
    content = torch.load(output, weights_only=True)
    assert content.keys() == Detector("0.5", 3).state_dict().keys()
    assert {tensor.dtype for tensor in content.values()} == {torch.float32, torch.int64}
    assert all(torch.equal(content[key], value) for key, value in weights_of(finished).items())


@pytest.mark.parametrize("network, order", [("0.5", "rgb"), ("xxs", "bgr")])
def test_the_command_that_is_printed_imports_it(drawn: Path, tmp_path: Path, network: str, order: str,
                                                capsys: pytest.CaptureFixture) -> None:
    tool = os.environ.get("SWIFTLET_MODEL") or shutil.which("swiftlet-model") \
        or str(REPOSITORY / ".build" / "release" / "swiftlet-model")
    if not Path(tool).exists():
        pytest.skip("swiftlet-model is not built; SWIFTLET_MODEL can name it")
    folder = tmp_path / "a run"
    Run(drawn, folder, small(network=network, steps=1, pretrain_steps=1, anchor_scales=(0.06, 0.8))).train()
    described = json.loads((folder / "run.json").read_text())
    assert described["channel_order"] == order and described["anchor_scales"] == [0.06, 0.8]
    command = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert command[0] == "swiftlet-model" and command[command.index("--channel-order") + 1] == order
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 classes with background" in done.stdout + done.stderr
    save_file({"image_u8_rgb_hwc": torch.zeros(96, 96, 3, dtype=torch.uint8)}, tmp_path / "picture.safetensors")
    subprocess.run([tool, "run", tmp_path / "a run.gguf", "--input", tmp_path / "picture.safetensors", "-o",
                    tmp_path / "outputs.safetensors"], check=True)
    maps = Detector(network, 3).eval()(torch.zeros(1, 3, 96, 96))[2]
    expected = box_convert(anchors_for(tuple(maps), (0.06, 0.8)), "xyxy", "cxcywh")
    assert (load_file(tmp_path / "outputs.safetensors")["anchors"][0] - expected).abs().max() <= 1e-6


def test_loss_falls_and_objects_are_found(drawn: Path, tmp_path: Path) -> None:
    options = small(steps=120, pretrain_steps=60, batch=4, crop_batch=12, save_minutes=9, evaluate_minutes=9, finish=1)
    Run(drawn, tmp_path / "run", options).train()
    model = Detector("0.5", 3)
    model.load_state_dict(weights_of(tmp_path / "run"))
    samples = [load(photo) for photo in read_photo_set(drawn).photos]
    assert average_precision(model, samples, "0.5", 96, "rgb", torch.device("cpu"))["ap50"] > 0.5


def test_evaluation_on_the_command_line(drawn: Path, finished: Path) -> None:
    command = [sys.executable, "-m", "trainer", "evaluate", drawn, "--size", "96", "--threads", "1", "--weights"]
    folder = Path(__file__).resolve().parents[2]
    results = finished / "results.json"
    done = subprocess.run([*command, finished / "latest.pt", "--results", results], capture_output=True, text=True,
                          cwd=folder)
    assert done.stdout.startswith("3 photos: ap 0."), done.stderr
    found = json.loads(results.read_text())
    assert {row["image_id"] for row in found} <= {100, 104, 108} and {row["category_id"] for row in found} <= {4, 9}
    other = subprocess.run([*command, finished / "latest.pt", "--network", "xxs"], capture_output=True, text=True,
                           cwd=folder)
    assert other.returncode == 1 and "does not fit network xxs with 2 classes" in other.stderr


def test_start_from_another_detector(finished: Path) -> None:
    given = weights_of(finished)
    model = Detector("0.5", 5)
    left = checkpoint.take_over(model, given)
    assert left == [key for key in given if given[key].shape != model.state_dict()[key].shape] and len(left) == 12
    assert torch.equal(model.encoder.conv_1.block.conv.weight, given["encoder.conv_1.block.conv.weight"])


def test_averaging_and_schedule() -> None:
    average, current = [torch.zeros(1)], [torch.ones(1)]
    averaging(0.998)(average, current, torch.tensor(0))
    assert abs(float(average[0]) - 0.9) < 1e-6
    averaging(0.998)(average, current, torch.tensor(10 ** 6))
    assert abs(float(average[0]) - (0.9 + 0.1 * 0.002)) < 1e-6
    rates = [cosine(step / 100) for step in range(101)]
    assert rates[0] == 0.1 and max(rates) == rates[2] == 1 and rates[100] == 0.002
    assert rates[2:] == sorted(rates[2:], reverse=True)


def test_mistakes_on_the_command_line_are_explained(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "trainer", "train", tmp_path / "none", "--out", tmp_path / "run"],
                          capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    assert done.returncode == 1
    assert done.stderr.startswith("trainer: ") and "annotations.json is missing" in done.stderr
    assert "Traceback" not in done.stderr
    for scales in ("0.7,0.08", "0,1", "0.1", "0.1,nan", "0.1,9"):
        with pytest.raises(SystemExit):
            parser().parse_args(["train", "set", "--out", "run", "--anchor-scales", scales])
    assert parser().parse_args(["train", "set", "--out", "run"]).anchor_scales == PUBLISHED_SCALES


@pytest.mark.parametrize("learn", ["detection", "scores"])
def test_what_does_not_learn_stays(drawn: Path, finished: Path, tmp_path: Path, learn: str) -> None:
    """With "scores" every box stays as it was to the bit, with "detection" the encoder does."""
    options = small(pretrain_steps=0, steps=3, learn=learn, learning_rate=0.01)
    Run(drawn, tmp_path / "run", options, start_from=finished / "latest.pt").train()
    before, after = weights_of(finished), weights_of(tmp_path / "run")
    assert all(torch.equal(after[key], before[key]) for key in before if key.startswith("encoder."))
    assert any(not torch.equal(after[key], before[key]) for key in before)
    picture = torch.rand(1, 3, 96, 96)
    outputs = []
    for weights in (before, after):
        model = Detector("0.5", 3).eval()
        model.load_state_dict(weights)
        outputs.append(model(picture))
    assert torch.equal(outputs[0][1], outputs[1][1]) == (learn == "scores")
    assert not torch.equal(outputs[0][0], outputs[1][0])


class Length(Term):
    """Pulls a parameter of its own to the mean length of the features."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(()))

    def means(self, batch: Batch) -> dict[str, torch.Tensor]:
        assert [tuple(map.shape[2:]) for map in batch.features] in ([(4, 4), (2, 2)], [(6, 6), (4, 4)])
        assert batch.logits.shape[1] == batch.offsets.shape[1] == len(batch.anchors) and batch.pictures.dtype == torch.uint8
        return {"length": (self.scale - batch.features[1].square().mean()).square()}


def test_further_terms_learn_and_are_kept(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "terms", lambda self, model: [Length()])
    Run(drawn, tmp_path / "run", small(pretrain_steps=0, steps=3)).train()
    assert float(checkpoint.read(tmp_path / "run" / "checkpoint.pt")["further"]["0.scale"]) > 0
    assert "length=" in (tmp_path / "run" / "log.csv").read_text()
    assert weights_of(tmp_path / "run").keys() == Detector("0.5", 3).state_dict().keys()
