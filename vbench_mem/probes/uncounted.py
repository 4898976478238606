"""Which operations a count may leave out, and the refusal of a count that left out any other.

Left out are elementwise operations, reductions, normalisations, lookups, random draws and changes
of shape: work of the order of the tensor's size, where a product with a weight or an attention does
hundreds of times that. torch's tags say which operations are pointwise or views; the rest is a
closed list on purpose: an operation that is not on it is an error.
"""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import torch

# By kind of work. Names as torch has them, without namespace, overload, or the underscore of the
# in-place form. `bookkeeping` is what a trace or a fake tensor adds: nothing is computed.
KINDS = {
    "elementwise": """
        __and__ __or__ dropout feature_dropout floor_divide hardtanh native_dropout normalize
    """,
    "reduction": """
        all amax amin any argmax argmin cross_entropy_loss cumsum linalg_vector_norm logsumexp mean
        nll_loss nll_loss_backward nll_loss_forward norm prod sort std sum topk var var_mean
    """,
    "normalisation": """
        _fused_rms_norm _fused_rms_norm_backward _log_softmax _log_softmax_backward_data
        _safe_softmax _softmax _softmax_backward_data batch_norm group_norm layer_norm log_softmax
        native_batch_norm native_batch_norm_backward native_group_norm native_group_norm_backward
        native_layer_norm native_layer_norm_backward rms_norm softmax
    """,
    "lookup": """
        _index_put_impl _unsafe_index _unsafe_index_put embedding embedding_dense_backward gather
        index index_add index_copy index_put index_select masked_scatter masked_select nonzero
        scatter scatter_add take_along_dim
    """,
    "resampling": """
        adaptive_avg_pool2d avg_pool2d upsample_bicubic2d upsample_bicubic2d_backward
        upsample_bilinear2d upsample_bilinear2d_backward upsample_linear1d
        upsample_linear1d_backward upsample_nearest2d upsample_nearest2d_backward
        upsample_trilinear3d upsample_trilinear3d_backward
    """,
    "shape": """
        _reshape_alias _to_copy _unsafe_view broadcast_tensors cat chunk clone concat
        constant_pad_nd contiguous expand_as flatten flip lift_fresh movedim pad repeat
        repeat_interleave reshape reshape_as roll select_backward slice_backward split stack
        swapaxes to transpose_copy type_as unflatten unfold_backward unsafe_split
    """,
    "making": """
        _efficientzerotensor arange bernoulli copy empty empty_like empty_permuted empty_strided
        fill full full_like linspace new_empty new_empty_strided new_full new_ones new_zeros normal
        one_hot ones ones_like rand rand_like randint randn randn_like randperm scalar_tensor
        uniform zero zeros zeros_like
    """,
    "bookkeeping": "Int NumToTensor ScalarImplicit device is_same_size numel size",
}
NEGLIGIBLE = frozenset(name for names in KINDS.values() for name in names.split())

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


def counter_of(batch: int) -> dict[str, Any]:
    """What a record says of its counters."""
    return {"torch": version("torch"), "fvcore": version("fvcore"), "batch": batch}
