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


def reject_replacing(output: Path, *inputs: Path | None) -> None:
    """Whatever name it has: no command destroys what it reads."""
    for path in inputs:
        if path is not None and path.exists() and output.exists() and path.samefile(output):
            raise DataError(f"{output} is an input of this command: choose another output file")


def plain_weights(weights: dict[str, torch.Tensor]) -> "OrderedDict[str, torch.Tensor]":
    """A state_dict as published checkpoints hold it: on the CPU, contiguous, in float32."""
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


def network_weights(content: object) -> dict[str, torch.Tensor]:
    """The averaged weights of a run's checkpoint, or those of anybody's: in whatever dictionary and behind whatever
    prefix the most tensors of a network are, an average before others. Several that differ are rejected, as
    swiftlet-model import rejects them."""
    if isinstance(content, dict) and "stage" in content and "average" in content:
        if content["stage"] == "crops":
            raise DataError("this run is still pre-training on crops: it has no detector yet")
        return OrderedDict((key.removeprefix("module."), value) for key, value in content["average"].items()
                           if key.startswith("module."))
    sets = [found for place, tensors in dictionaries(content) for found in without_prefixes(place, tensors)]
    if not sets:
        raise DataError("contains no dictionary of tensors: save the model's state_dict()")
    if isinstance(content, dict) and "current_model_state" in content:  # Lightning's WeightAveraging
        sets = [(place + "/averaged" if place.startswith("/state_dict") else place, found) for place, found in sets]
    sets += [found for average in averages(content, sets) for found in completed(average, sets)]
    most = max(map(count, sets))
    whole = [found for found in sets if count(found) == most]
    whole = [found for found in whole if not of_other_types(found[1])] or whole
    averaged = [found for found in whole if is_average(found[0])]
    named = [found for found in averaged if is_average(found[0].split("/")[-1])]
    chosen = distinct(named or averaged or whole)
    if len(chosen) > 1:
        names = list(dict.fromkeys(place.strip("/") or "the top" for place, _ in chosen))
        places = ", ".join(names[:5]) + (", ..." if names[5:] else "")
        raise DataError(f"contains several sets of weights that differ, at {places}: save the one that is meant by itself")
    place, weights = chosen[0]
    reject_other_types({name: weights[name] for name in of_other_types(weights) if name.split(".")[0] in PARTS})
    if averaged:
        print(f"took the averaged weights at {place.strip('/').removesuffix('/n_averaged')}", flush=True)
    elif part := next((part for part, tensors in averages(content, sets) if 2 * len(tensors) > most), None):
        print(f"took the weights at {place.strip('/') or 'the top'}: the averaged ones at {part.strip('/')} are not whole, "
              "or in another order", flush=True)
    return weights


AVERAGES = frozenset("ema emas averaged average avg averaging swa ewma polyak emamodel modelema netema emanet emaweights "
                     "averagedmodel averagemodel swamodel shadow".split())
# Words end at what is no letter, and before a capital that begins another: EMAModel, modelEma.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
STATISTIC = re.compile(r"\.(running_mean|running_var|num_batches_tracked)$")
PARTS = ("encoder", "extra_layers", "ssd_heads", "seg_head")
WRAPPERS = ("module", "_orig_mod", "model", "net", "network")
INNER_WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module")
FLOATING = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def is_average(place: str) -> bool:
    """Whether a key says that weights are averaged: by the rules of swiftlet-model import."""
    for key in place.split("/"):
        words = {word.lower() for word in WORD.findall(key)} | {re.sub("[^a-z]", "", key.lower())}
        if not key.startswith("exp_avg") and words & AVERAGES:  # that is Adam's, of gradients
            return True
    return False


def count(found: tuple[str, dict[str, torch.Tensor]]) -> int:
    """Counters of training steps are no weights: averages often lack them."""
    return sum(not name.endswith("num_batches_tracked") for name in found[1])


def distinct(sets: list) -> list:
    """One of each that hold other values."""
    kept: list = []
    for place, tensors in sets:
        if not any(is_same(tensors, other) for _, other in kept[:8]):
            kept.append((place, tensors))
    return kept


def is_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    names = [name for name in one if not name.endswith("num_batches_tracked")]
    return all(name in other and one[name].dtype == other[name].dtype and one[name].shape == other[name].shape
               and (one[name] is other[name] or torch.equal(one[name], other[name])) for name in names)


def of_other_types(weights: dict[str, torch.Tensor]) -> list[str]:
    """Tensors whose elements are no weights, or weights that were quantised."""
    return [name for name, tensor in weights.items()
            if tensor.dtype not in FLOATING and not name.endswith("num_batches_tracked")]


def reject_other_types(weights: dict[str, torch.Tensor]) -> None:
    for name, tensor in weights.items():
        raise DataError(f"tensor {name} contains elements of the type {str(tensor.dtype).removeprefix('torch.')}, but weights "
                        "are floating-point numbers of 16 bits or more: save the weights before they are quantised")


def averages(content: object, sets: list) -> Iterator[tuple[str, dict | list]]:
    """Averages that may be parts of a network: under names, or in a list."""
    yield from (found for found in sets if is_average(found[0]))
    yield from ((place, tensors) for place, tensors in lists(content) if is_average(place))


def completed(average: tuple[str, dict | list], sets: list) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """An average of parameters alone, or a list of them in their order, with the statistics of what was averaged."""
    place, tensors = average
    for other, raw in sets:
        if is_average(other):
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
    counters = [name.removesuffix("n_averaged") + "module." for name in tensors if name.endswith("n_averaged")]
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        parts = name.split(".")
        start = next((index for index, part in enumerate(parts) if part in PARTS), None)
        if start is not None:
            name = ".".join(part for part in parts[start:] if part not in INNER_WRAPPERS)
            groups.setdefault(".".join(parts[:start]), {})[name] = tensor
    # Some averages are buffers of a module, whose names have no dots.
    flat = {re.sub("[._]", "", name): name for group in groups.values() for name in group}
    for name, tensor in tensors.items():
        *prefix, last = name.split(".")
        if (known := flat.get(last.replace("_", ""))) and not set(PARTS) & set(name.split(".")):
            groups.setdefault(".".join(prefix), {})[known] = tensor
    if not groups:
        while tensors and all(name.split(".")[0] in WRAPPERS and "." in name for name in tensors):
            tensors = {name.split(".", 1)[1]: tensor for name, tensor in tensors.items()}
        groups[""] = tensors
    for prefix, group in groups.items():
        is_counted = any(f"{prefix}.".startswith(counter) for counter in counters)
        keys = [place, *prefix.split(".")] if prefix else [place]
        yield "/".join(keys + ["n_averaged"] * is_counted), group


def published_names(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those of a network of ours under the names that its kind has where it is published: a classifier's encoder stands at the
    top."""
    if any(key.split(".")[0] in PARTS[1:] for key in weights):
        return weights
    return {key.removeprefix("encoder."): value for key, value in weights.items()}


def take_over(model: nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Copies into `model` every tensor that has the same name and shape there, of a published classifier too; returns the
    names of those that stay as they were.

    So a detector takes the encoder of a classifier, and of another detector all but the last layers.
    """
    own = model.state_dict()
    weights = {key if key in own else f"encoder.{key}": value for key, value in weights.items()}
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    reject_other_types({key: fitting[key] for key in of_other_types(fitting)})
    model.load_state_dict(fitting, strict=False)
    return [key for key in own if key not in fitting]
