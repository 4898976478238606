"""Faster fake tensors for our own encoders: the commonest operations compute shapes alone.

For every operation torch checks devices and looks up a cache, which takes several times as long as
computing the shapes. A cell's step has one device, so the operations listed here skip both; and of
those that make new tensors, each is computed once for arguments that are alike.
Check: the predictions are the same, to the byte, as those measured.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    FakeTensor,
    FakeTensorMode,
    in_kernel_invocation_manager,
)

aten = torch.ops.aten
CPU, META = torch.device("cpu"), torch.device("meta")
VIEWS = (
    *(aten.t.default, aten.view.default, aten.transpose.int, aten.permute.default),
    *(aten.detach.default, aten.alias.default, aten.unsqueeze.default, aten.expand.default),
    *(aten._unsafe_view.default, aten.unbind.int, aten.select.int, aten.slice.Tensor),
    aten.unfold.default,
)
MADE = (
    *(aten.mm.default, aten.addmm.default, aten.bmm.default, aten.add.Tensor, aten.mul.Tensor),
    *(aten.sum.dim_IntList, aten.stack.default, aten.cat.default, aten.clone.default),
    *(aten.zeros_like.default, aten.ones_like.default, aten._to_copy.default),
    *(aten.empty_like.default, aten.div.Tensor, aten.where.self),
    *(aten.gelu.default, aten.gelu_backward.default, aten._safe_softmax.default),
    *(aten.mul.Scalar, aten._foreach_sqrt.default),
    *(aten.native_layer_norm.default, aten.native_layer_norm_backward.default),
    aten._scaled_dot_product_flash_attention_for_cpu.default,
    aten._scaled_dot_product_flash_attention_for_cpu_backward.default,
)
QUICK, NEW = frozenset((*VIEWS, *MADE)), frozenset(MADE)
# In-place arithmetic on lists of fake tensors: nothing to compute.
IN_PLACE = {
    *(aten._foreach_add_.Tensor, aten._foreach_add_.Scalar, aten._foreach_mul_.Scalar),
    *(aten._foreach_lerp_.Scalar, aten._foreach_addcmul_.Scalar),
    *(aten._foreach_div_.ScalarList, aten._foreach_addcdiv_.ScalarList),
    aten._fused_adamw_.default,
}


class QuickMode(FakeTensorMode):
    """For one thread and one device, the CPU."""

    def __init__(self) -> None:
        super().__init__(allow_non_fake_inputs=True)

    def dispatch(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] = {}
    ) -> Any:
        if func in IN_PLACE:
            return None
        device = kwargs.get("device")
        if func not in QUICK or device not in (None, CPU) or not all_without_data(args):
            return super().dispatch(func, types, args, kwargs)
        if device is not None:
            kwargs = {name: value for name, value in kwargs.items() if name != "device"}
        if func in NEW:
            named = {name: described(value) for name, value in kwargs.items()}
            return self.wrapped(outcome(func, *map(described, args), **named))
        with in_kernel_invocation_manager(self):
            result = func(*args, **kwargs)
        return self.wrapped(result)

    def wrapped(self, result: Any) -> Any:
        if isinstance(result, Like):
            result = result.on_meta()
        if isinstance(result, Tensor):
            return FakeTensor(self, result, CPU)
        if isinstance(result, list | tuple):
            return type(result)(map(self.wrapped, result))
        return result


class Like(NamedTuple):
    """All of a tensor that decides what an operation makes of it."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    def on_meta(self) -> Tensor:
        return aten.empty_strided.default(self.shape, self.stride, dtype=self.dtype, device=META)


def described(value: Any) -> Any:
    if isinstance(value, Tensor):
        return Like(value.shape, value.stride(), value.dtype)
    return tuple(map(described, value)) if isinstance(value, list | tuple) else value


def restored(value: Any) -> Any:
    if isinstance(value, Like):
        return value.on_meta()
    return list(map(restored, value)) if isinstance(value, tuple) else value


@lru_cache(maxsize=20_000, typed=True)  # entries of about 2 KB; typed: 1 and 1.0 differ in dtype
def outcome(func: Any, *args: Any, **kwargs: Any) -> Any:
    """What the operation makes of arguments that are like these."""
    named = {name: restored(value) for name, value in kwargs.items()}
    return described(func(*map(restored, args), **named))


def all_without_data(values: Any) -> bool:
    """Is every tensor among the arguments fake or on the meta device?"""
    for value in values:
        if isinstance(value, list | tuple):
            if value and isinstance(value[0], Tensor) and not all_without_data(value):
                return False
        elif isinstance(value, Tensor) and not isinstance(value, FakeTensor) and not value.is_meta:
            return False
    return True
