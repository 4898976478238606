"""Which operations a count may leave out, and the refusal of a count that left out any other.

Left out are elementwise operations, reductions, normalisations, lookups, random draws and changes
of shape: work of the order of the tensor's size, where a product with a weight or an attention does
hundreds of times that. torch's tags say which operations are pointwise or views; the rest is a
closed list on purpose: an operation that is not on it is an error.
"""

import re
from collections.abc import Iterable
from typing import Any

import torch

# Names as torch has them, without namespace, overload, or the underscore of the in-place form. Of
# some, such as `size`, a trace or a fake tensor makes an operation that computes nothing.
NAMES = """
    Int NumToTensor ScalarImplicit __and__ __or__ _efficientzerotensor _fused_rms_norm
    _fused_rms_norm_backward _index_put_impl _log_softmax _log_softmax_backward_data
    _reshape_alias _safe_softmax _softmax _softmax_backward_data _to_copy _unsafe_index
    _unsafe_index_put _unsafe_view adaptive_avg_pool2d all amax amin any arange argmax argmin
    avg_pool2d batch_norm bernoulli broadcast_tensors cat chunk clone concat constant_pad_nd
    contiguous copy cross_entropy_loss cumsum device dropout embedding embedding_dense_backward
    empty empty_like empty_permuted empty_strided expand_as feature_dropout fill flatten flip
    floor_divide full full_like gather group_norm hardtanh index index_add index_copy index_put
    index_select is_same_size layer_norm lift_fresh linalg_vector_norm linspace log_softmax
    logsumexp masked_scatter masked_select mean movedim native_batch_norm
    native_batch_norm_backward native_dropout native_group_norm native_group_norm_backward
    native_layer_norm native_layer_norm_backward new_empty new_empty_strided new_full new_ones
    new_zeros nll_loss nll_loss_backward nll_loss_forward nonzero norm normal normalize numel
    one_hot ones ones_like pad prod rand rand_like randint randn randn_like randperm repeat
    repeat_interleave reshape reshape_as rms_norm roll scalar_tensor scatter scatter_add
    select_backward size slice_backward softmax sort split stack std sum swapaxes take_along_dim
    to topk transpose_copy type_as unflatten unfold_backward uniform unsafe_split
    upsample_bicubic2d upsample_bicubic2d_backward upsample_bilinear2d
    upsample_bilinear2d_backward upsample_linear1d upsample_linear1d_backward upsample_nearest2d
    upsample_nearest2d_backward upsample_trilinear3d upsample_trilinear3d_backward var var_mean
    zero zeros zeros_like
"""
NEGLIGIBLE = frozenset(NAMES.split())

# `aten::add_` as fvcore writes it, `aten.add.Tensor` as torch does
NAME = re.compile(r"(?:aten|prim|prims)(?:::|\.)(?P<name>\w+?)_?(?:\.\w+)?")


class Uncounted(RuntimeError):
    """A counter met an operation that it cannot count and that is not listed as negligible."""


def bare(operation: str) -> str:
    """`aten::add_` and `aten.add.Tensor` are both `add`; other names stay as they are."""
    match = NAME.fullmatch(operation)
    return operation if match is None else match["name"]


def negligible(operation: str) -> bool:
    """May a count leave out this operation? Named as a counter names it."""
    name = bare(operation)
    return (
        name in NEGLIGIBLE
        or f"{name}_" in NEGLIGIBLE
        or any(torch.Tag.pointwise in each.tags or each.is_view for each in overloads_of(name))
    )


def overloads_of(name: str) -> list[Any]:
    packet = getattr(torch.ops.aten, name, None)
    return [] if packet is None else [getattr(packet, each) for each in packet.overloads()]


def refuse_unknown(counter: str, operations: Iterable[str]) -> None:
    """Raises `Uncounted` when an operation that was left out is not known to be negligible."""
    unknown = sorted(name for name in set(operations) if not negligible(name))
    if unknown:
        raise Uncounted(
            f"{counter} left out {', '.join(unknown)}; give it a formula, or name it in "
            f"probes/uncounted.py if its work is negligible"
        )
