"""Operations that torch dispatches by device, dispatched as on a CUDA card.

For a prediction of a card, which traces on the CPU. Never changes an explicit choice of the user.

Source:  PyTorch 2.13: ATen/native/Dropout.cpp, SoftMax.cpp, transformers/attention.cpp.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.optim import Adafactor, Optimizer

from vbench_mem.probes.cuda.attention import CudaRules
from vbench_mem.probes.cuda.autocast import cuda_autocast

aten = torch.ops.aten
ATTENTION = aten.scaled_dot_product_attention.default
Replacements = dict[Any, Callable[..., Any]]


def replacements(rules: CudaRules) -> Replacements:
    """By composite operation, what a card does in its place."""
    return {
        ATTENTION: lambda *args, **kwargs: attend(rules, *args, **kwargs),
        aten.dropout.default: dropout,
        aten.softmax.int: normaliser(aten.softmax.int, aten._softmax.default),
        aten.log_softmax.int: normaliser(aten.log_softmax.int, aten._log_softmax.default),
    }


@contextmanager
def dispatched_as_on(rules: CudaRules | None) -> Iterator[Replacements]:
    """Within it, tensors of the CPU take a card's operations and its casts of autocast.

    None changes nothing.
    """
    if rules is None:
        yield {}
        return
    replaced = replacements(rules)
    with cuda_autocast(), torch.library._scoped_library("aten", "IMPL") as library:
        for operation, function in replaced.items():
            library.impl(operation.name().removeprefix("aten::"), function, "AutogradCPU")
        yield replaced


def dropout(source: Tensor, p: float, train: bool) -> Tensor:
    """A card keeps a mask of bools, and the CPU one of the input's type."""
    if train and 0 < p < 1 and source.numel():
        dropped: Tensor = aten.native_dropout.default(source, p, train)[0]
        return dropped
    return aten.dropout.default.decompose(source, p, train)


def normaliser(composite: Any, kernel: Any) -> Callable[..., Tensor]:
    """A softmax whose kernel reads float16 and writes float32, without a copy of its input."""

    def normalise(source: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
        if source.dtype is torch.float16 and dtype is torch.float32:
            return kernel(source, dim, True)
        return composite.decompose(source, dim, dtype)

    return normalise


def attend(
    rules: CudaRules,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """A card's fused attention applies dropout in its kernel; the CPU has no fused kernel with
    dropout, nor with a mask that takes a gradient, and would store all scores."""
    shaped = query.dim() == 4
    kernel = rules.kernel(query, key, value, attn_mask, grouped=enable_gqa) if shaped else "math"
    fused = kernel != "math"
    rules.chosen = kernel if fused else None
    enabled = torch.backends.cuda.flash_sdp_enabled()
    # the fused kernel of the CPU stands for any of the card's
    torch.backends.cuda.enable_flash_sdp(fused)
    try:
        if fused and attn_mask is not None and attn_mask.requires_grad and torch.is_grad_enabled():
            return attend_with_bias(query, key, value, attn_mask, is_causal, scale)
        dropped = 0.0 if fused else dropout_p
        return ATTENTION.decompose(
            *(query, key, value, attn_mask, dropped, is_causal), scale=scale, enable_gqa=enable_gqa
        )
    finally:
        torch.backends.cuda.enable_flash_sdp(enabled)
        rules.chosen = None


def attend_with_bias(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor, causal: bool, scale: float | None
) -> Tensor:
    whole = bias.expand(*query.shape[:-1], key.shape[-2])
    apply: Callable[..., Tensor] = BiasedAttention.apply
    return apply(query, key, value, whole, causal, scale)


class BiasedAttention(torch.autograd.Function):
    """Fused attention whose mask has a gradient: one number for each score, made in backward."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        bias: Tensor,
        causal: bool,
        scale: float | None,
    ) -> Tensor:
        fused = aten._scaled_dot_product_flash_attention_for_cpu.default
        output, sums = fused(query, key, value, 0.0, causal, attn_mask=bias.detach(), scale=scale)
        ctx.save_for_backward(query, key, value, bias, output, sums)
        ctx.options = causal, scale  # type: ignore[attr-defined]
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, bias, output, sums = ctx.saved_tensors
        causal, scale = ctx.options
        fused = aten._scaled_dot_product_flash_attention_for_cpu_backward.default
        bias_gradient = torch.empty(bias.shape, dtype=bias.dtype)
        gradients = fused(
            *(gradient, query, key, value, output, sums, 0.0, causal),
            attn_mask=bias.detach(),
            scale=scale,
        )
        return (*gradients, bias_gradient, None, None)


def default_to_foreach(optimizer: Optimizer) -> None:
    """Use `foreach`, torch's default on a card, where the user chose nothing else.

    Adafactor alone has the loop over weights as its default there too.
    """
    if isinstance(optimizer, Adafactor):
        return
    for group in optimizer.param_groups:
        is_open = "foreach" in group and group["foreach"] is None
        if is_open and not group.get("fused") and not group.get("differentiable"):
            group["foreach"] = True
