"""A cell's encoder on a fake CPU: its tensors hold nothing, whoever wrote it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch._guards import active_fake_mode
from torch._subclasses.fake_tensor import FakeTensor

from vbench_mem.encoders.build import build
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.wrapped import Trainable
from vbench_mem.matrix.cell import Cell


def weightless(cell: Cell) -> Callable[[], Trainable]:
    """To be called outside of fake mode; what it returns is to be called inside.

    Ours is made on the meta device first, where the random starts of weights cost nothing. A
    user's need not be possible there, so it is made in fake mode, as it would be on a cpu.
    """
    if isinstance(cell.spec, Custom):
        return lambda: hollow(build(cell.spec, cell.recipe, cell.load, cell.runtime))
    with torch.device("meta"):
        encoder = build(cell.table_spec, cell.recipe, cell.load, cell.runtime)
    return lambda: encoder.to_empty(device="cpu")


def hollow(encoder: Trainable) -> Trainable:
    """What was made of numbers (`torch.from_numpy`, a file) is real in fake mode too; swap it."""
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
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is not None and not isinstance(tensor, FakeTensor):
                    held[name] = fake(tensor)  # type: ignore[assignment]
    return encoder
