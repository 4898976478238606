"""What a prediction cannot follow, refused in one sentence before it does harm."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorDeviceMismatchError,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)

from vbench_mem.base.errors import Unsupported, error_summary

RANKS = (
    "{what} shares a training among ranks, and a prediction is of one process alone; "
    "give `predict_step` the module without it"
)
OUTSIDE = (
    "{what} was made outside of `build`, with real tensors; "
    "make modules, optimisers and batches in `build`, which runs on tensors without data"
)
NO_DATA = (
    "a prediction runs on tensors without data, of one device, and cannot follow this: {error}; "
    "leave it out of `build` and `step`, or write it with other operations"
)
# torch's own errors where a tensor has no data: of these kinds, or with these words
KINDS = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorDeviceMismatchError,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)
WORDS = (
    "its data is not allocated yet",
    "ccess data pointer of Tensor",
    "associated to a python object of type FakeTensor",
    "not linked with support for",
    "Tried to instantiate dummy base class",
    "Cannot get CUDA generator",
    "no pinned memory allocator",
    "Torch not compiled with CUDA enabled",
    "not supported for tensor subclasses",
    "self.shape_env must not be None",
)
WRAPPERS = {"DistributedDataParallel", "FullyShardedDataParallel", "FSDPModule"}
COLLECTIVES = {"c10d", "_c10d_functional", "c10d_functional", "_dtensor", "fsdp", "symm_mem"}
# by module of torch, which is patched where the program has imported it
MADE = (
    ("torch.nn.parallel", "DistributedDataParallel"),
    ("torch.distributed.fsdp", "FullyShardedDataParallel"),
    ("torch.distributed.fsdp._fully_shard._fsdp_state", "FSDPState"),
    ("torch.distributed.fsdp._fully_shard._fsdp_param_group", "FSDPParamGroup"),
)


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Errors of torch that say only that a tensor has no data become `Unsupported`."""
    try:
        yield
    except Unsupported:
        raise
    except Exception as error:
        if isinstance(error, KINDS) or any(words in str(error) for words in WORDS):
            raise Unsupported(NO_DATA.format(error=error_summary(error))) from error
        raise


@contextmanager
def without_ranks() -> Iterator[None]:
    """Within it, a wrapper for several ranks cannot be made: its C++ code would read data that fake
    tensors have not, which can end the process."""
    with ExitStack() as contexts:
        for module, name in MADE:
            if (kind := getattr(sys.modules.get(module), name, None)) is not None:
                what = "fully_shard" if name.startswith("FSDP") else name
                contexts.enter_context(patch.object(kind, "__init__", refusing(what)))
        yield


def refusing(what: str) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise Unsupported(RANKS.format(what=what))

    return refuse


def refuse_module(module: nn.Module) -> None:
    """Raises `Unsupported` for a wrapper for several ranks, and for weights with data."""
    names = {kind.__name__ for kind in type(module).__mro__}
    if found := names & WRAPPERS:
        raise Unsupported(RANKS.format(what=min(found)))
    refuse_weights(type(module).__name__, module._parameters.values())


def refuse_weights(owner: str, weights: Iterable[Tensor | None]) -> None:
    for each in weights:
        if type(each).__name__ == "DTensor":
            raise Unsupported(RANKS.format(what="DTensor"))
        if each is None or type(each) not in (Tensor, nn.Parameter):
            continue
        if not is_functorch_wrapped_tensor(each):
            raise Unsupported(OUTSIDE.format(what=owner))


def refuse_collective(func: Any) -> None:
    """Raises `Unsupported` for an operation among ranks."""
    if func.namespace in COLLECTIVES:
        raise Unsupported(RANKS.format(what=func))
