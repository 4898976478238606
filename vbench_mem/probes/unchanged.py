"""What a user's code may change for the whole process, put back after a prediction.

So that the next one, and the program that asked for it, find everything as it was.
"""

import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers

Restore = Callable[[], object]
# hooks of all modules and of all optimisers, in dictionaries of these modules of torch
HOOKS = (modules, "_global_"), (optimizers, "_global_optimizer_")
FLAGS = (
    (torch.backends.cudnn, ("enabled", "benchmark", "deterministic", "allow_tf32")),
    (torch.backends.cuda.matmul, ("allow_tf32",)),
    (torch.backends.mkldnn, ("enabled",)),
    (torch.utils.deterministic, ("fill_uninitialized_memory",)),
)
# pairs of functions of torch: what is, and what sets it
PAIRS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled),
    (torch.get_rng_state, torch.set_rng_state),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
    (torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp),
    (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp),
    (torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.enable_mem_efficient_sdp),
    (torch.backends.cuda.cudnn_sdp_enabled, torch.backends.cuda.enable_cudnn_sdp),
    (torch.get_num_threads, torch.set_num_threads),
    (
        torch.__future__.get_overwrite_module_params_on_conversion,
        torch.__future__.set_overwrite_module_params_on_conversion,
    ),
    (
        torch.__future__.get_swap_module_params_on_conversion,
        torch.__future__.set_swap_module_params_on_conversion,
    ),
    (random.getstate, random.setstate),
    (sys.getrecursionlimit, sys.setrecursionlimit),
)


@contextmanager
def unchanged_process() -> Iterator[None]:
    """Afterwards modes, defaults, random numbers, hooks, environment and folder are as before."""
    restores = [*of_torch(), *of_python()]
    try:
        yield
    finally:
        for restore in restores:
            restore()


def of_torch() -> Iterator[Restore]:
    for get, put in PAIRS:
        yield partial(put, get())
    enabled = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    yield partial(torch.use_deterministic_algorithms, enabled, warn_only=warns)
    for device in ("cpu", "cuda"):
        yield partial(torch.set_autocast_enabled, device, torch.is_autocast_enabled(device))
        yield partial(torch.set_autocast_dtype, device, torch.get_autocast_dtype(device))
    yield partial(reset_default_device, default_device())
    for owner, names in FLAGS:
        for name in names:
            yield partial(setattr, owner, name, getattr(owner, name))
    for owner, prefix in HOOKS:
        for name, hooks in vars(owner).items():
            if name.startswith(prefix) and isinstance(hooks, dict):
                yield partial(refill, hooks, dict(hooks))


def of_python() -> Iterator[Restore]:
    yield partial(refill, os.environ, dict(os.environ))
    with suppress(FileNotFoundError):  # a folder that is gone already
        yield partial(os.chdir, Path.cwd())
    lists: tuple[Any, ...] = sys.path, warnings.filters
    for each in lists:
        yield partial(each.__setitem__, slice(None), list(each))
    if (numpy := sys.modules.get("numpy")) is not None:
        yield partial(numpy.random.set_state, numpy.random.get_state())


def refill(mapping: MutableMapping[Any, Any], before: dict[Any, Any]) -> None:
    if dict(mapping) != before:
        mapping.clear()
        mapping.update(before)


def default_device() -> Any:
    """torch's own object for it; None where nobody set one."""
    local: Any = torch._GLOBAL_DEVICE_CONTEXT
    return getattr(local, "device_context", None)


def reset_default_device(before: Any) -> None:
    if default_device() is not before:
        torch.set_default_device(None if before is None else before.device)
