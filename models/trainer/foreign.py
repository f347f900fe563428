"""Checkpoints of other programs: what is no weight becomes inert, whatever its file asks for; nothing of it is executed."""
import pickle
import types
from pathlib import Path

import numpy as np
import torch

KNOWN = {("collections", "OrderedDict"), ("torch", "Size"), ("_codecs", "encode"), ("numpy", "ndarray"), ("numpy", "dtype")}
KNOWN |= {("torch._utils", name) for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter",
                                              "_rebuild_parameter_with_state")}
# Of NumPy no more than what arrays are made by: its scalars may hold pickles of their own.
KNOWN |= {(f"numpy.{core}.{part}", name) for core in ("core", "_core")
          for part, name in (("multiarray", "_reconstruct"), ("numeric", "_frombuffer"))}


class Inert:
    """Stands for whatever a pickle makes that is no weight: takes everything, and does nothing with it."""

    def __new__(cls, *_: object, **__: object) -> "Inert":
        made = super().__new__(cls)
        made.state, made.values, made.members = None, [], {}
        return made

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __call__(self, *_: object, **__: object) -> "Inert":
        return Inert()

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        if isinstance(key, str):
            self.members[key] = value

    def append(self, value: object) -> None:
        self.values.append(value)

    def extend(self, values: list) -> None:
        self.values.extend(values)

    add = append


class Unpickler(pickle.Unpickler):
    """Knows what tensors and dictionaries are made by; all else is inert."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in KNOWN or module == "torch" and name.endswith("Storage"):
            return super().find_class(module, name)
        return Inert


def load_pickle(file: object, **options: object) -> object:
    return Unpickler(file, **options).load()


def load(file: Path) -> object:
    """The contents of a file of torch.save: dictionaries, lists and tensors."""
    module = types.ModuleType("inert_pickle")
    module.Unpickler, module.load = Unpickler, load_pickle
    try:
        content = torch.load(file, map_location="cpu", weights_only=False, pickle_module=module)
    except RuntimeError as error:
        if "magic number" not in str(error):
            raise
        with open(file, "rb") as stream:  # a pickle that torch.save has not written: arrays are whole in it
            content = load_pickle(stream)
    return plain(content)


def plain(content: object, depth: int = 0) -> object:
    """The same without inert objects: in place of one what it holds, of a module its state_dict; arrays as tensors."""
    if depth > 64:
        return None
    if isinstance(content, np.ndarray):
        return torch.from_numpy(content.copy()) if content.dtype.kind in "fiu" and content.dtype.isnative else None
    if isinstance(content, Inert):
        state = content.state[0] if isinstance(content.state, tuple) and content.state else content.state
        if isinstance(state, dict) and {"_parameters", "_modules"} <= state.keys():
            return dict(tensors_of(state))
        content = (state if isinstance(state, dict) else {}) | content.members | dict(enumerate(content.values))
    if isinstance(content, dict):
        return {key: plain(value, depth + 1) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value, depth + 1) for value in content]
    return content


def tensors_of(state: dict, prefix: str = "", depth: int = 0) -> list[tuple[str, torch.Tensor]]:
    """What a module's state_dict has, from what its pickle keeps of it."""
    found = [(prefix + name, value) for part in ("_parameters", "_buffers") for name, value in (state.get(part) or {}).items()
             if isinstance(value, torch.Tensor)]
    for name, module in (state["_modules"] or {}).items():
        inner = module.state if isinstance(module, Inert) else None
        if depth < 64 and isinstance(inner, dict) and {"_parameters", "_modules"} <= inner.keys():
            found += tensors_of(inner, f"{prefix}{name}.", depth + 1)
    return found
