"""Files of weights: the state that a run resumes from, and the plain checkpoint that swiftlet-model imports."""
import os
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

from .dataset import DataError


def save_atomically(content: object, file: Path) -> None:
    """Writes beside the file and renames, so that a reader or a power cut never meets half of one."""
    part = Path(file).with_suffix(".part")
    torch.save(content, part)
    os.replace(part, file)


def plain_weights(weights: dict[str, torch.Tensor]) -> "OrderedDict[str, torch.Tensor]":
    """A detector's state_dict as published checkpoints hold it: on the CPU, contiguous, in float32."""
    return OrderedDict((key, tensor.detach().float().cpu().contiguous().clone() if tensor.is_floating_point()
                        else tensor.detach().cpu().clone()) for key, tensor in weights.items())


def read(file: Path) -> dict:
    """Reads a checkpoint of either kind; nothing in it is executed."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DataError(f"{file} does not exist") from error
    except Exception as error:
        raise DataError(f"{file} is not a checkpoint of this trainer or a state_dict: {error}") from error


def detector_weights(content: dict) -> dict[str, torch.Tensor]:
    """The averaged weights of a run's checkpoint, or a plain checkpoint as it is."""
    if "stage" not in content:
        return content
    if content["stage"] != "detection":
        raise DataError("this run is still pre-training on crops: it has no detector yet")
    return OrderedDict((key.removeprefix("module."), value) for key, value in content["average"].items()
                       if key.startswith("module."))


def take_over(model: nn.Module, weights: dict[str, torch.Tensor]) -> int:
    """Copies into `model` every tensor that has the same name and shape there; returns how many.

    So a detector takes the encoder of a classifier, and of another detector all but the last layers.
    """
    if not any(key.startswith("encoder.") for key in weights):
        weights = {f"encoder.{key}": value for key, value in weights.items()}  # a published classifier
    own = model.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    model.load_state_dict(fitting, strict=False)
    return len(fitting)
