"""Choices that torch makes by device, made as on a CUDA card.

For a prediction of a card, which traces on the CPU. Never changes an explicit choice of the user.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim import Optimizer


@contextmanager
def fused_dropout() -> Iterator[None]:
    """A card's fused attention applies dropout in its kernel; the CPU has no fused kernel with
    dropout, and would store all scores."""
    attention = torch.ops.aten.scaled_dot_product_attention.default

    def attend(*args: Any, **kwargs: Any) -> Any:
        args = (*args[:4], 0.0, *args[5:]) if len(args) > 4 else args
        return attention.decompose(*args, **{k: v for k, v in kwargs.items() if k != "dropout_p"})

    with torch.library._scoped_library("aten", "IMPL") as library:
        library.impl("scaled_dot_product_attention", attend, "AutogradCPU")
        yield


def default_to_foreach(optimizer: Optimizer) -> None:
    """Use `foreach`, torch's default on a card, where the user chose nothing else."""
    for group in optimizer.param_groups:
        is_open = "foreach" in group and group["foreach"] is None
        if is_open and not group.get("fused") and not group.get("differentiable"):
            group["foreach"] = True
