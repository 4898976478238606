"""Multiply-adds of a forward by fvcore, on a traced graph of meta tensors: a second opinion.

fvcore counts a multiply-add once (GMAC), cannot see a backward, and skips fused attention unless it
is given a formula. Its formulas for normalisation and resampling are removed, so that all counts
leave out the same: everything elementwise.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from vbench_mem.encoders.build import build
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.counting import one_caption, one_clip, without_fast_path
from vbench_mem.probes.uncounted import refuse_unknown

Handle = Callable[[list[Any], list[Any]], int]


def attention_macs(inputs: list[Any], outputs: list[Any]) -> int:
    """Scores and weighted values; the inputs are graph values: query, key, value, ..."""
    query, key, value = (item.type().sizes() for item in inputs[:3])
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


# fvcore's own formulas that are kept. The rest are for elementwise work.
PRODUCTS = {
    "aten::_convolution": "conv_flop_jit",
    "aten::addmm": "addmm_flop_jit",
    "aten::bmm": "bmm_flop_jit",
    "aten::einsum": "einsum_flop_jit",
    "aten::linear": "linear_flop_jit",
    "aten::matmul": "matmul_flop_jit",
    "aten::mm": "matmul_flop_jit",
}
HANDLES: dict[str, Handle] = {"aten::scaled_dot_product_attention": attention_macs}


@dataclass(frozen=True)
class TracedMacs:
    """Multiply-adds by operation and by module, and the operations that were not counted."""

    macs: dict[str, int]
    left_out: tuple[str, ...]
    modules: dict[str, int]


class MethodModule(nn.Module):
    """A method of an encoder as a module, which is what fvcore traces."""

    def __init__(self, encoder: nn.Module, method: str) -> None:
        super().__init__()
        self.encoder, self.method = encoder, method

    def forward(self, *inputs: Tensor) -> Tensor:
        return getattr(self.encoder, self.method)(*inputs)


def count_traced(
    module: nn.Module, inputs: tuple[Tensor, ...], handles: Mapping[str, Handle] = HANDLES
) -> TracedMacs:
    """Raises `Uncounted` when an operation without a handle is not known to be negligible."""
    with warnings.catch_warnings():
        # fvcore scripts two losses when imported, and uses the old tracer; torch warns each time,
        # from 2.15 on with a FutureWarning, and fvcore has no other way
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=".*torch.jit", category=category)
        from fvcore.nn import FlopCountAnalysis, jit_handles

        products = {name: getattr(jit_handles, formula) for name, formula in PRODUCTS.items()}
        analysis = FlopCountAnalysis(module, inputs)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.clear_op_handles().set_op_handle(**products, **handles)
        with torch.no_grad():
            macs, modules = (
                {name: int(count) for name, count in counts.items()}
                for counts in (analysis.by_operator(), analysis.by_module())
            )
            left_out = tuple(sorted(analysis.unsupported_ops()))
    refuse_unknown("fvcore", left_out)
    return TracedMacs(macs, left_out, modules)


def count_fvcore(cell: Cell) -> dict[str, TracedMacs]:
    """The forward of one clip and of one caption as the cell runs it, without checkpointing: a
    forward does not change by being recomputed later."""
    runtime = replace(cell.runtime, attention="auto", checkpoint=False)
    with without_fast_path(), torch.device("meta"):
        encoder = build(cell.table_spec, cell.recipe, cell.load, runtime)
        encoder.train(cell.load.mode == "train")
        return {
            "video": count_traced(MethodModule(encoder, "encode_video"), (one_clip(cell.load),)),
            "text": count_traced(MethodModule(encoder, "encode_text"), one_caption(cell.load)),
        }
