"""Files of weights: the state that a run resumes from, and the plain checkpoint that swiftlet-model imports."""
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from . import foreign
from .dataset import DataError


def save_atomically(content: object, file: Path) -> None:
    """Writes beside the file and renames, so that a reader or a power cut never meets half of one. Of a link what it leads
    to is replaced."""
    target = os.path.realpath(file)
    part = None
    try:
        descriptor, part = tempfile.mkstemp(prefix=".swiftlet-", dir=os.path.dirname(target))
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode_of(target))
            torch.save(content, stream)
            stream.flush()
            os.fsync(descriptor)
        os.replace(part, target)
        part = None
    except (OSError, RuntimeError) as error:  # torch's writer tells a full disk so
        raise DataError(f"{file} cannot be written: {error}") from error
    finally:
        if part is not None:
            os.unlink(part)


def mode_of(target: str) -> int:
    """The permissions of the file that is replaced, or those of a new one."""
    if os.path.isfile(target):
        return os.stat(target).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def refuse_replacing(output: Path, *inputs: Path | None) -> None:
    """Whatever name it has: no command destroys what it reads."""
    for path in inputs:
        if path is not None and path.exists() and output.exists() and path.samefile(output):
            raise DataError(f"{output} is what this command reads: give the output another name")


def plain_weights(weights: dict[str, torch.Tensor]) -> "OrderedDict[str, torch.Tensor]":
    """A detector's state_dict as published checkpoints hold it: on the CPU, contiguous, in float32."""
    return OrderedDict((key, tensor.detach().float().cpu().contiguous().clone() if tensor.is_floating_point()
                        else tensor.detach().cpu().clone()) for key, tensor in weights.items())


def read(file: Path) -> object:
    """Reads a checkpoint of either kind; nothing in it is executed."""
    if not file.is_file():
        raise DataError(f"{file} {'is no regular file' if file.exists() else 'does not exist'}")
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        if "TorchScript" in str(error):
            raise DataError(f"{file} is a TorchScript program: save its state_dict with torch.save") from error
    try:
        return foreign.load(file)
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{file} is not a checkpoint of this trainer or a state_dict: {reason}") from error


def detector_weights(content: object) -> dict[str, torch.Tensor]:
    """The averaged weights of a run's checkpoint, or those of anybody's: in whatever dictionary and behind whatever
    prefix the most tensors of a detector are, an average before others."""
    if isinstance(content, dict) and "stage" in content and "average" in content:
        if content["stage"] != "detection":
            raise DataError("this run is still pre-training on crops: it has no detector yet")
        return OrderedDict((key.removeprefix("module."), value) for key, value in content["average"].items()
                           if key.startswith("module."))
    sets = [found for place, tensors in dictionaries(content) for found in without_prefixes(place, tensors)]
    if not sets:
        raise DataError("holds no dictionary of tensors: save the model's state_dict()")
    sets += [found for average in averages(content, sets) for found in completed(average, sets)]
    most = max(len(tensors) for _, tensors in sets)
    return max((found for found in sets if len(found[1]) == most), key=lambda found: bool(AVERAGE.search(found[0])))[1]


AVERAGE = re.compile(r"(?<![a-z])(ema|swa|avg|averaged?|averaging|polyak|shadow|n_averaged)(?![a-z])", re.IGNORECASE)
STATISTIC = re.compile(r"\.(running_mean|running_var|num_batches_tracked)$")
PARTS = ("encoder", "extra_layers", "ssd_heads")
WRAPPERS = ("module", "_orig_mod", "model", "net", "network")


def averages(content: object, sets: list) -> Iterator[tuple[str, dict | list]]:
    """Averages that may be parts of a network: under names, or in a list."""
    yield from (found for found in sets if AVERAGE.search(found[0]))
    yield from ((place, tensors) for place, tensors in lists(content) if AVERAGE.search(place))


def completed(average: tuple[str, dict | list], sets: list) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """An average of parameters alone, or a list of them in their order, with the statistics of what was averaged."""
    place, tensors = average
    for other, raw in sets:
        if AVERAGE.search(other):
            continue
        parameters = [name for name in raw if not STATISTIC.search(name)]
        named = tensors if isinstance(tensors, dict) else dict(zip(parameters, tensors))
        if len(tensors) == len(parameters) and all(name in named and named[name].shape == raw[name].shape
                                                   for name in parameters):
            yield place, OrderedDict((name, named.get(name, tensor)) for name, tensor in raw.items())


def lists(content: object, place: str = "", depth: int = 0) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """All that hold tensors and nothing else."""
    if depth > 16 or not isinstance(content, dict | list | tuple):
        return
    items = list(content.items() if isinstance(content, dict) else enumerate(content))
    if items and not isinstance(content, dict) and all(isinstance(value, torch.Tensor) for _, value in items):
        yield place, list(content)
    for key, value in items:
        yield from lists(value, f"{place}/{key}", depth + 1)


def dictionaries(content: object, place: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """All that hold tensors under names, each with the keys that lead to it."""
    if depth > 16 or not isinstance(content, dict | list | tuple):
        return
    items = list(content.items() if isinstance(content, dict) else enumerate(content))
    tensors = {key: value for key, value in items if isinstance(key, str) and isinstance(value, torch.Tensor)}
    if tensors:
        yield place, tensors
    for key, value in items:
        yield from dictionaries(value, f"{place}/{key}", depth + 1)


def without_prefixes(place: str, tensors: dict[str, torch.Tensor]) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """One dictionary for each prefix that stands before a detector's names; of other names what wraps all of them goes."""
    counted = "/n_averaged" if any(name.endswith("n_averaged") for name in tensors) else ""
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        parts = name.split(".")
        start = next((index for index, part in enumerate(parts) if part in PARTS), None)
        if start is not None:
            groups.setdefault(".".join(parts[:start]), {})[".".join(parts[start:])] = tensor
    if not groups:
        while tensors and all(name.split(".")[0] in WRAPPERS and "." in name for name in tensors):
            tensors = {name.split(".", 1)[1]: tensor for name, tensor in tensors.items()}
        groups[""] = tensors
    for prefix, group in groups.items():
        yield f"{place}/{prefix}{counted if prefix else ''}", group


def take_over(model: nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Copies into `model` every tensor that has the same name and shape there; returns the names of those that stay as they
    were.

    So a detector takes the encoder of a classifier, and of another detector all but the last layers.
    """
    if not any(key.startswith("encoder.") for key in weights):
        weights = {f"encoder.{key}": value for key, value in weights.items()}  # a published classifier
    own = model.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    model.load_state_dict(fitting, strict=False)
    return [key for key in own if key not in fitting]
