"""Reads tensors from files, by name. Never runs code in a file, in any format."""

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
    """All tensors on the CPU; raises `UsageError` for damaged files, code, and other data."""
    found: dict[str, Tensor] = {}
    for path in files.weights:
        part = load_safe(path) if path.suffix == SAFE else load_pickled(path)
        if twice := found.keys() & part.keys():
            raise UsageError(f"{path}: {min(twice)} is in another shard too; copy the files again")
        found |= part
    return found


def load_safe(path: Path) -> dict[str, Tensor]:
    """A safetensors file; raises `UsageError` for a damaged file or another format."""
    read_header(path)  # reports most errors in plain words
    try:
        return load_file(path)
    except SafetensorError as error:
        raise UsageError(
            f"{path}: cannot be read as weights: {' '.join(str(error).split())}; copy it again"
        ) from error


def load_pickled(path: Path) -> dict[str, Tensor]:
    """Unpickles tensors and plain containers only: a file with anything else is refused."""
    try:
        with warnings.catch_warnings():
            # of a protocol that torch does not write; what it cannot read it refuses
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            data: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"it needs {named[1]}" if named else "it is not a pickle of tensors alone"
        raise UsageError(
            f"{path}: holds more than weights ({what}) and is not read; save its state_dict as "
            "safetensors where you trust it"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises many types for bytes that are not weights
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(
            f"{path}: cannot be read as weights: {reason}; save its state_dict as safetensors"
        ) from error
    return tensors_in(path, data)


def tensors_in(path: Path, data: Any) -> dict[str, Tensor]:
    """The weights inside their wrappers; raises `UsageError` where there are none."""
    for key in WRAPPERS:
        if isinstance(data, Mapping) and isinstance(data.get(key), Mapping):
            data = data[key]
    if not isinstance(data, Mapping) or not data:
        raise UsageError(f"{path}: no weights by name in it; save a state_dict")
    for name, each in data.items():
        if not isinstance(name, str) or not isinstance(each, Tensor):
            raise UsageError(f"{path}: {name} is not a tensor; save a state_dict of tensors alone")
    return dict(data)
