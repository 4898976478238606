"""Tensors out of files, by name. Runs no code that a file holds, whatever its form."""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.weights.find import SAFE, Files
from vbench_mem.weights.header import read_header

# What training scripts wrap the weights in: open_clip, timm and MAE, DeepSpeed.
WRAPPERS = ("state_dict", "model", "module", "model_state_dict")


def read_tensors(files: Files) -> dict[str, Tensor]:
    """All tensors on the CPU; raises `UsageError` for torn files, code, and what is no tensor."""
    found: dict[str, Tensor] = {}
    for path in files.weights:
        part = load_safe(path) if path.suffix == SAFE else load_pickled(path)
        if twice := found.keys() & part.keys():
            raise UsageError(f"{path}: {min(twice)} is in another shard too; copy the files again")
        found |= part
    return found


def load_safe(path: Path) -> dict[str, Tensor]:
    """A safetensors file; raises `UsageError` where it is torn or none."""
    read_header(path)  # says in words what is wrong with most
    try:
        return load_file(path)
    except SafetensorError as error:
        raise UsageError(
            f"{path}: cannot be read as weights: {' '.join(str(error).split())}; copy it again"
        ) from error


def load_pickled(path: Path) -> dict[str, Tensor]:
    """Unpickles tensors and plain containers only: anything else in the file is refused unread."""
    try:
        with warnings.catch_warnings():
            # of a protocol torch does not write: what it cannot read it refuses
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            data: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"it asks for {named[1]}" if named else "it is no pickle of tensors alone"
        raise UsageError(
            f"{path}: holds more than weights ({what}) and is not read; save its state_dict as "
            "safetensors where you trust it"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # whatever torch stumbles over in bytes that are no weights
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(
            f"{path}: cannot be read as weights: {reason}; save its state_dict as safetensors"
        ) from error
    return tensors_in(path, data)


def tensors_in(path: Path, data: Any) -> dict[str, Tensor]:
    """The weights without their wrapping; raises `UsageError` where there are none."""
    for key in WRAPPERS:
        if isinstance(data, Mapping) and isinstance(data.get(key), Mapping):
            data = data[key]
    if not isinstance(data, Mapping) or not data:
        raise UsageError(f"{path}: no weights by name in it; save a state_dict")
    for name, each in data.items():
        if not isinstance(name, str) or not isinstance(each, Tensor):
            raise UsageError(f"{path}: {name} is no tensor; save a state_dict of tensors alone")
    return dict(data)
