"""A cell's encoder on fake CPU tensors, which have shapes and no data."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch._guards import active_fake_mode
from torch._subclasses.fake_tensor import FakeTensor

from vbench_mem.base.load import Kernel
from vbench_mem.encoders.build import build
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.wrapped import Trainable
from vbench_mem.matrix.cell import Cell

M = TypeVar("M", bound=nn.Module)


def encoder_maker(cell: Cell) -> Callable[[], Trainable]:
    """Call it outside of fake mode and the function that it returns inside.

    A user's encoder may not build on the meta device, so it is made in fake mode, as on a cpu.
    """
    if isinstance(cell.spec, Custom):
        return lambda: with_fake_tensors(build(cell.spec, cell.recipe, cell.load, cell.runtime))
    return table_encoder_maker(cell)


def table_encoder_maker(cell: Cell) -> Callable[[], DualEncoder]:
    """The same for an encoder of the table, made on the meta device first.

    Random initialisation costs nothing there; on a fake device `trunc_normal_` would read values.
    """
    with torch.device("meta"):
        encoder = build(cell.table_spec, cell.recipe, cell.load, cell.runtime)
    return lambda: encoder.to_empty(device="cpu")


def as_traced(cell: Cell) -> Cell:
    """The cell with a kernel that a fake CPU has; `CudaRules` knows which one a card takes."""
    kernel: Kernel = "math" if cell.runtime.attention == "math" else "auto"
    return replace(cell, runtime=replace(cell.runtime, attention=kernel))


def with_fake_tensors(encoder: M) -> M:
    """Replace tensors made of data (`torch.from_numpy`, files), real in fake mode too."""
    mode = active_fake_mode()
    assert mode is not None
    fakes: dict[int, Tensor] = {}  # by the real tensor, which two modules may share

    def fake(tensor: Tensor) -> Tensor:
        if id(tensor) not in fakes:
            made: Tensor = mode.from_tensor(tensor.detach(), static_shapes=True)
            if isinstance(tensor, nn.Parameter):
                made = nn.Parameter(made, requires_grad=tensor.requires_grad)
            fakes[id(tensor)] = made
        return fakes[id(tensor)]

    for module in encoder.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None and not isinstance(tensor, FakeTensor):
                    tensors[name] = fake(tensor)  # type: ignore[assignment]
    return encoder
