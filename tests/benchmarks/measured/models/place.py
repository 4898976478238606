"""Puts a module that was made without memory onto the device, as `Module.to` would."""

from collections.abc import Callable
from unittest.mock import patch

import torch
from torch import Tensor, nn


def on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """A module without memory. Its weights are not initialised: values change no prediction."""
    with (
        torch.device("meta"),
        patch("torch.nn.init.trunc_normal_", lambda weight, *_, **__: weight),
    ):
        return make()


def place(module: nn.Module, dtype: torch.dtype | None = None) -> nn.Module:
    """Allocate weights and buffers one by one, innermost modules first, each shared one once.

    Again on a placed module, it casts: the new tensor is there before the old one is freed.
    dtype  of all that are floating point, instead of their own
    """
    # a replaced tensor on the device is freed at once, though it may be asked for again here
    moved: dict[int, tuple[Tensor | None, Tensor]] = {}

    def move(tensor: Tensor) -> Tensor:
        if id(tensor) in moved:
            return moved[id(tensor)][1]
        kind = dtype if dtype and tensor.is_floating_point() else tensor.dtype
        if kind == tensor.dtype and not tensor.is_meta:
            return tensor
        new = torch.empty(tensor.shape, dtype=kind, device="cpu")
        if isinstance(tensor, nn.Parameter):
            new = nn.Parameter(new, tensor.requires_grad)
        moved[id(tensor)] = (tensor if tensor.is_meta else None, new)
        return new

    each(module, move)
    return module


def each(module: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
    for child in module.children():
        each(child, change)
    for tensors in (module._parameters, module._buffers):
        for name, tensor in tensors.items():
            if tensor is not None:
                tensors[name] = change(tensor)
