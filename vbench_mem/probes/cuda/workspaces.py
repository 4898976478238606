"""Memory that CUDA's kernels allocate and free while one operation runs; attention's is apart.

Source:  PyTorch 2.13: ATen/native/cuda (Reduce.cuh, layer_norm_kernel.cu, Embedding.cu,
         EmbeddingBackwardKernel.cu, SoftMax.cu, Blas.cpp).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from vbench_mem.machine.chips import Chip
from vbench_mem.probes.cuda.reductions import WARP, layout, reduction_workspace

SizeChanges = list[int]  # in order: positive allocates a block, negative frees one of that size
aten = torch.ops.aten
FEW_IDS = 3072  # up to here an embedding's gradient is summed without sorting
# Bytes of a partial sum, of a value with its place, and of the moments of a variance.
NUMBER, WITH_INDEX, MOMENTS = 4, 16, 16
WIDE = (torch.float64, torch.int64, torch.complex64)  # types whose partial sums take 8 bytes
REDUCTIONS = {
    **dict.fromkeys((aten.sum, aten.mean, aten.amax, aten.amin, aten.prod), NUMBER),
    **dict.fromkeys((aten.linalg_vector_norm, aten.norm, aten.any, aten.all), NUMBER),
    **dict.fromkeys((aten.max, aten.min, aten.argmax, aten.argmin), WITH_INDEX),
    **dict.fromkeys((aten.var, aten.std, aten.var_mean, aten.std_mean), MOMENTS),
}
WITHOUT_INDEX = {aten.max.default, aten.min.default}
OF_TWO = {aten.max.other, aten.min.other}  # the larger of two tensors: no reduction
DIMS = ("dim", "dims")
# Products, by the places of their two matrices.
PRODUCTS = {aten.mm: (0, 1), aten.bmm: (0, 1), aten.addmm: (1, 2), aten.baddbmm: (1, 2)}


def alloc_then_free(*sizes: int) -> SizeChanges:
    return [*sizes, *(-size for size in reversed(sizes))]


def workspace_of(func: Any, args: Any, kwargs: Any, chip: Chip) -> SizeChanges:
    """Of operations other than attention."""
    packet = func._overloadpacket
    if packet in REDUCTIONS:
        return reduction(func, args, kwargs, chip)
    if packet in PRODUCTS:
        copies = [copy_of(args[place]) for place in PRODUCTS[packet]]
        return alloc_then_free(*(size for size in copies if size))
    rule = RULES.get(packet)
    return [] if rule is None else rule(args, chip)


def reduction(func: Any, args: Any, kwargs: Any, chip: Chip) -> SizeChanges:
    """Of an operation that reduces its first argument over some dimensions, or over all."""
    if func in OF_TWO:
        return []
    given = argument(func, args, kwargs, DIMS)
    dims: Sequence[int] = [given] if isinstance(given, int) else given or []
    number = NUMBER if func in WITHOUT_INDEX else REDUCTIONS[func._overloadpacket]
    source = args[0]
    if number == NUMBER and source.dtype in WIDE:
        number *= 2
    shaped = layout(source.shape, source.stride(), dims)
    return alloc_then_free(*reduction_workspace(shaped, number, chip))


def argument(func: Any, args: Any, kwargs: Any, names: Sequence[str]) -> Any:
    """The argument of one of these names; None where it was not given."""
    for place, each in enumerate(func._schema.arguments):
        if each.name in names:
            return args[place] if place < len(args) else kwargs.get(each.name)
    return None


def copy_of(matrix: Tensor) -> int:
    """Bytes of the copy of a matrix that cuBLAS cannot read, neither by rows nor by columns."""
    *_, rows, columns = matrix.shape
    *_, down, across = matrix.stride()
    by_rows = across == 1 and down >= max(1, columns)
    by_columns = down == 1 and across >= max(1, rows)
    dense = matrix.is_contiguous() or (matrix.dim() == 2 and is_dense(matrix))
    return 0 if by_rows or by_columns or dense else matrix.numel() * matrix.element_size()


def is_dense(matrix: Tensor) -> bool:
    """Are its elements neighbours in memory, none of them twice?"""
    last = sum((n - 1) * step for n, step in zip(matrix.shape, matrix.stride(), strict=True))
    return last + 1 == matrix.numel()


def is_dense_convolution(func: Any, args: Any) -> bool:
    """A convolution without groups over windows wider than two that overlap, which those of a patch
    embedding do not: cuDNN may take a large workspace."""
    if func is not aten.convolution.default or args[8] != 1:
        return False
    kernel, stride = args[1].shape[2:], args[3]
    steps = stride if len(stride) == len(kernel) else [*stride] * len(kernel)
    return any(size > max(2, step) for size, step in zip(kernel, steps, strict=True))


def norm_backward(rows: int, width: int, chip: Chip) -> SizeChanges:
    """A layer norm's backward over many rows: two partial sums, of which each is summed up."""
    if rows <= 65536 or width // WARP >= chip.multiprocessors // 2:
        return []
    parts = min(32768 // math.ceil(width / WARP), math.ceil(rows / WARP))
    sums = alloc_then_free(*reduction_workspace(layout((parts, width), (width, 1), [0]), 4, chip))
    part = 4 * parts * width
    return [part, part, *sums, *sums, -part, -part]


def embedding_backward(ids: int, words: int, width: int) -> SizeChanges:
    """Many ids are sorted, and the gradients of each word summed in parts of at most ten."""
    if ids <= FEW_IDS:
        return []
    found = min(ids, words)
    parts = ids // 10 + found
    order, sorting = [8 * ids, 8 * ids], 16 * ids
    sums = alloc_then_free(8 * ids, 8 * found, 8 * found, 8 * parts, 4 * parts * width)
    return [*order, sorting, -sorting, *sums, *(-size for size in order)]


def layer_norm_rule(args: Any, chip: Chip) -> SizeChanges:
    width = math.prod(args[2])
    return norm_backward(args[1].numel() // width, width, chip)


RULES: dict[Any, Callable[[Any, Chip], SizeChanges]] = {
    aten.native_layer_norm_backward: layer_norm_rule,
    aten.embedding_dense_backward: lambda args, _: embedding_backward(
        args[1].numel(), args[2], args[0].shape[-1]
    ),
    # the product of gradient and result
    aten._softmax_backward_data: lambda args, _: alloc_then_free(args[0].nbytes),
}
