"""Operations that torch defines by others, which a tracker takes apart to see their memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

# Those without a cast of their own that consist of operations which autocast casts.
WITH_CASTS = (
    *("einsum", "tensordot", "inner", "bilinear", "kron"),
    *("lstm.input", "gru.input", "rnn_tanh.input", "rnn_relu.input", "lstm_cell", "gru_cell"),
)


@cache
def is_composite(operation: Any) -> bool:
    """Does torch define it by other operations alone, with no kernel of its own?"""
    if operation.namespace == "prim" or not operation._can_decompose():
        return False
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    return not any(has_kernel(operation.name(), key) for key in ("CPU", "CUDA"))


def operation_of(name: str) -> Any:
    """The operation of torch with this name, such as `softmax.int`."""
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


@contextmanager
def casts_inside() -> Iterator[None]:
    """Within it, autocast on the CPU reaches the parts of composite operations in inference mode.

    There torch hands such an operation to the tracker whole, after autocast has looked at it.
    """
    with torch.library._scoped_library("aten", "IMPL") as library:
        for name in WITH_CASTS:
            library.impl(name, operation_of(name).decompose, "AutocastCPU")
        yield
