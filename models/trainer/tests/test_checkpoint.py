"""What is read of other people's checkpoints, and how files are written."""
import argparse
import os
import pickle
import resource
import subprocess
import sys
from collections import OrderedDict, deque
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import checkpoint
from trainer.dataset import DataError
from trainer.networks import Detector

NAMES = ["encoder.conv_1.block.conv.weight", "encoder.layer_1.0.block.conv.bias", "ssd_heads.0.weight"]


def weights(prefix: str = "", value: float = 1) -> dict:
    return OrderedDict((prefix + name, torch.full((2,), float(value))) for name in NAMES)


@pytest.mark.parametrize("content", [
    weights(), weights("module."), weights("_orig_mod.module."), {"state_dict": weights("model."), "epoch": 3},
    {"net": {"detector": [weights()]}}, {"model": weights(value=2), "ema": weights()},
    {"state_dict": {**weights("model.", 2), **weights("ema_model.")}},
    {"model": weights(value=2), "other": {"n_averaged": torch.ones(()), **weights("module.")}},
    {"state_dict": weights(value=2), "model_ema": weights()},
])
def test_weights_are_found_wherever_they_are(content):
    found = checkpoint.network_weights(content)
    assert list(found) == NAMES
    assert all(torch.equal(tensor, torch.ones(2)) for tensor in found.values())


@pytest.mark.parametrize("average", [
    {"ema": weights()}, {"state": {"shadow_params": list(weights().values())}}, {"ema_state": weights("module.")},
])
def test_averages_of_parameters_alone_take_the_statistics(average):
    statistics = {"encoder.norm.running_mean": torch.full((2,), 5.0)}
    found = checkpoint.network_weights({"model": {**weights(value=2), **statistics}, **average})
    assert list(found) == [*NAMES, *statistics]
    assert all(torch.equal(found[name], torch.ones(2)) for name in NAMES) and found["encoder.norm.running_mean"][0] == 5


@pytest.mark.parametrize("key", ["ModelEmaV2", "EMAModel", "modelEMA", "EMACallback", "ema_0.99", "modelAvg", "swa"])
def test_words_of_averages_end_at_capitals(capsys, key):
    found = checkpoint.network_weights({"model": weights(value=2), key: weights()})
    assert all(torch.equal(tensor, torch.ones(2)) for tensor in found.values())
    assert capsys.readouterr().out == f"took the averaged weights at {key}\n"


@pytest.mark.parametrize("content", [
    {"best": weights(), "last": weights(value=2)}, {"model": weights(), "modelavg": weights(value=2)},
    {"model": weights(value=3), "ema_0.9": weights(), "ema_0.99": weights(value=2)},
    {"model": weights(), "schema": weights(value=2)},
])
def test_several_that_differ_are_rejected(content):
    with pytest.raises(DataError, match="contains several sets of weights that differ, at "):
        checkpoint.network_weights(content)
    assert list(checkpoint.network_weights({"best": weights(), "last": weights()})) == NAMES


@pytest.mark.parametrize("average", [dict(list(weights().items())[1:]), [torch.ones(3), torch.ones(2), torch.ones(2)]])
def test_averages_that_do_not_fit_are_told(capsys, average):
    found = checkpoint.network_weights({"model": weights(value=2), "ema": average})
    assert all(torch.equal(tensor, torch.full((2,), 2.0)) for tensor in found.values())
    assert capsys.readouterr().out.startswith("took the weights at model: the averaged ones at ema are not whole")


def test_averages_may_lack_the_counters_of_steps():
    model = {**weights(value=2), "encoder.norm.num_batches_tracked": torch.tensor(3)}
    assert all(torch.equal(tensor, torch.ones(2))
               for tensor in checkpoint.network_weights({"model": model, "ema": weights()}).values() if tensor.dim())


@pytest.mark.parametrize("dtype", ["int8", "bool", "int64", "float8_e4m3fn", "complex64"])
def test_quantised_weights_are_rejected(dtype):
    quantised = {name: tensor.to(getattr(torch, dtype)) for name, tensor in weights().items()}
    message = f"tensor {NAMES[0]} contains elements of the type {dtype}, but weights"
    with pytest.raises(DataError, match=message):
        checkpoint.network_weights({"model": quantised})
    assert list(checkpoint.network_weights({"model": weights(), "quantised": quantised}).values())[0].dtype == torch.float32
    model = torch.nn.Module()
    model.encoder = torch.nn.Linear(2, 2)
    with pytest.raises(DataError, match="tensor encoder.bias contains"):
        checkpoint.take_over(model, {"bias": torch.ones(2).to(getattr(torch, dtype))})


class Attack:
    """Asks whoever reads it to make a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


class Part(torch.nn.Module):
    """A module of a program that is not at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.Module()
        self.encoder.weight = torch.nn.Parameter(torch.ones(2))
        self.encoder.register_buffer("running_mean", torch.full((2,), 5.0))


@pytest.mark.parametrize("beside", [argparse.Namespace(path=Path("x"), rate=0.1), deque([1.0]), np.float64(3), {"a": {1, 2}}])
@pytest.mark.parametrize("options", [{}, {"pickle_protocol": 5}, {"_use_new_zipfile_serialization": False, "pickle_protocol": 4}])
def test_objects_of_other_programs_are_passed_over(tmp_path, beside, options):
    torch.save({"model": weights(), "args": beside}, tmp_path / "a.pt", **options)
    found = checkpoint.network_weights(checkpoint.read(tmp_path / "a.pt"))
    assert list(found) == NAMES and all(torch.equal(tensor, torch.ones(2)) for tensor in found.values())


def test_whole_modules_and_arrays_are_read(tmp_path):
    torch.save({"net": Part(), "epoch": 3}, tmp_path / "module.pt")
    found = checkpoint.network_weights(checkpoint.read(tmp_path / "module.pt"))
    assert sorted(found) == ["encoder.running_mean", "encoder.weight"] and found["encoder.running_mean"][0] == 5
    arrays = {name: tensor.numpy() for name, tensor in weights().items()}
    torch.save(arrays, tmp_path / "arrays.pt")
    (tmp_path / "arrays.pkl").write_bytes(pickle.dumps(arrays))
    for file in ("arrays.pt", "arrays.pkl"):
        assert list(checkpoint.network_weights(checkpoint.read(tmp_path / file))) == NAMES


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_nothing_in_a_checkpoint_is_executed(tmp_path, options):
    torch.save({"model": weights(), "extra": Attack(tmp_path / "made")}, tmp_path / "a.pt", **options)
    assert list(checkpoint.network_weights(checkpoint.read(tmp_path / "a.pt"))) == NAMES
    (tmp_path / "b.pkl").write_bytes(pickle.dumps({"x": Attack(tmp_path / "made"), "y": np.ones(2)}))
    checkpoint.read(tmp_path / "b.pkl")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\3\4", b"\x80\2}q\0."[:4], bytes(99)])
def test_what_is_no_checkpoint_is_told_in_a_line(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(DataError, match="a.pt is not a checkpoint") as caught:
        checkpoint.read(tmp_path / "a.pt")
    assert len(str(caught.value).splitlines()) == 1 and "weights_only" not in str(caught.value)
    with pytest.raises(DataError, match="is no regular file"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("network", ["xxs", "0.5", "fastvit-t8"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_no_tensor_of_a_detector_is_lost(network, prefix):
    state = Detector(network, 3).state_dict()
    found = checkpoint.network_weights({"model": {prefix + name: tensor for name, tensor in state.items()}})
    assert list(found) == list(state) and all(found[name] is state[name] for name in state)


def test_a_classifier_loses_what_wraps_it():
    content = {"state_dict": {"module.model.conv_1.weight": torch.ones(2), "module.model.classifier.fc.bias": torch.ones(1)}}
    assert list(checkpoint.network_weights(content)) == ["conv_1.weight", "classifier.fc.bias"]
    with pytest.raises(DataError, match="no dictionary of tensors"):
        checkpoint.network_weights({"epoch": 3})


def test_files_are_replaced_whole_or_not_at_all(tmp_path):
    file, link = tmp_path / "a.pt", tmp_path / "link.pt"
    checkpoint.save_atomically({"x": torch.ones(2)}, file)
    link.symlink_to("a.pt")
    file.chmod(0o640)
    checkpoint.save_atomically({"x": torch.zeros(2)}, link)
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink() and torch.equal(checkpoint.read(file)["x"], torch.zeros(2))
    with pytest.raises(DataError, match="cannot be written"):
        checkpoint.save_atomically({}, tmp_path / "none" / "a.pt")
    # In a process of its own: the limit on the size of files applies to all of one.
    program = ("import sys, torch; from pathlib import Path; from trainer import checkpoint\n"
               "try: checkpoint.save_atomically({'x': torch.ones(100_000)}, Path(sys.argv[1]))\n"
               "except checkpoint.DataError: sys.exit(3)")
    before = file.read_bytes()
    outcome = subprocess.run([sys.executable, "-c", program, str(file)], cwd=os.path.dirname(checkpoint.__file__) + "/..",
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)), timeout=120)
    assert outcome.returncode == 3
    assert file.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.pt", "link.pt"]


def test_what_is_read_is_not_replaced(tmp_path):
    run, hard, soft = tmp_path / "checkpoint.pt", tmp_path / "hard.pt", tmp_path / "soft.pt"
    run.write_bytes(b"weeks")
    os.link(run, hard)
    soft.symlink_to(run)
    for output in (run, hard, soft, tmp_path / "." / "checkpoint.pt"):
        with pytest.raises(DataError, match="is an input of this command"):
            checkpoint.reject_replacing(output, None, run)
    checkpoint.reject_replacing(tmp_path / "other.pt", run)
