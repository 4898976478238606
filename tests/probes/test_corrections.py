"""Results of operations on fake tensors, corrected to those of a cpu on real ones."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from vbench_mem.probes.corrections import corrected

aten = torch.ops.aten


def forms(result: Any) -> list[tuple[torch.dtype, torch.Size, int]]:
    tensors = result if isinstance(result, tuple) else (result,)
    return [(each.dtype, each.shape, each.untyped_storage().nbytes()) for each in tensors]


HALF = torch.bfloat16
Rows = Callable[..., Tensor]
OPERATIONS: dict[str, tuple[Any, Callable[[Rows, Tensor], list[Any]]]] = {
    "layer_norm": (aten.native_layer_norm.default, lambda x, w: [x(4, 8), [8], w, w, 1e-5]),
    "group_norm": (
        aten.native_group_norm.default,
        lambda x, w: [x(4, 8, 25), w, w, 4, 8, 25, 2, 1e-5],
    ),
    "batch_norm": (
        aten.native_batch_norm.default,
        lambda x, w: [x(4, 8), w, w, w.clone(), w.clone(), True, 0.1, 1e-5],
    ),
    "mse": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "mse, spread": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(8), 2]),
    "mse, each": (aten.mse_loss.default, lambda x, _: [x(4, 8), x(4, 8), 0]),
    "smooth_l1": (aten.smooth_l1_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "soft_margin": (aten.soft_margin_loss.default, lambda x, _: [x(4, 8), x(4, 8)]),
    "cross_entropy": (aten.binary_cross_entropy.default, lambda x, _: [x(4, 8), x(4, 8)]),
}


@pytest.mark.parametrize("weights", [torch.float32, HALF])
@pytest.mark.parametrize("name", OPERATIONS)
def test_results_of_fake_tensors_are_corrected_to_what_a_cpu_returns(
    name: str, weights: torch.dtype
) -> None:
    operation, arguments = OPERATIONS[name]

    def give() -> list[Any]:
        return arguments(lambda *size: torch.rand(size).to(HALF), torch.ones(8, dtype=weights))

    real = operation(*give())
    with FakeTensorMode():
        given = give()
        fake = corrected(operation, given, operation(*given))
    assert forms(fake) == forms(real)
