"""Memory of a step on a CUDA device beside its tensors, and casts that only CUDA's autocast makes.

A trace runs on fake tensors of the CPU. Where CUDA's kernels keep memory or workspaces that the
CPU's do not, these are added to the trace as blocks; where CUDA's autocast works in float32 and the
CPU's does not, the cast is added too. Read from torch's sources, not measured: a run of
`gpu_check.yaml` on a card compares it with that card's memory.

Source:  PyTorch 2.13: aten/src/ATen/native/transformers/cuda (flash_attn/flash_api.cpp,
         attention.cu, attention_backward.cu, mem_eff_attention/kernels/cutlassB.h),
         ATen/native/cuda (Reduce.cuh, layer_norm_kernel.cu, Embedding.cu,
         EmbeddingBackwardKernel.cu), ATen/autocast_mode.h.
Legend:  B batch, H heads, N queries, d head width; r(x, m) is x rounded up to a multiple of m.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vbench_mem.base.load import Kernel
from vbench_mem.probes.allocator import round_up

# Of an A100, the stand-in where a kernel's memory depends on the card: multiprocessors, and threads
# on each.
MULTIPROCESSORS, THREADS = 108, 2048
WARP = 32
FEW_IDS = 3072  # up to here an embedding's gradient is summed without sorting

FORWARD = "_scaled_dot_product_flash_attention_for_cpu"
BACKWARD = f"{FORWARD}_backward"
NAMES = {
    "flash": "_scaled_dot_product_flash_attention",
    "efficient": "_scaled_dot_product_efficient_attention",
    "cudnn": "_scaled_dot_product_cudnn_attention",
}
SizeChanges = list[int]  # in order: positive allocates a block, negative frees one of that size


@dataclass(frozen=True)
class CudaRules:
    """`requested` is the runtime's kernel of the video tower; the caption tower uses `auto`."""

    requested: Kernel

    def kernel(self, query: Tensor, mask: Tensor | None) -> str:
        """Which kernel CUDA takes: half precision flash, unless there is a mask; float32 another.

        On Hopper, torch 2.11 with a recent cuDNN uses cuDNN's kernel in place of flash; its
        backward takes about as much, and what it takes beyond that is not public.
        """
        if self.requested not in ("auto", "math") and mask is None:
            return self.requested
        return "flash" if is_half(query) and mask is None else "efficient"

    def kept(self, kernel: str, query: Tensor) -> int:
        """What the forward saves beyond the CPU's output and log-sum-exp. Units: bytes."""
        batch, heads, queries, _ = query.shape
        if kernel == "efficient":
            return 4 * batch * heads * (round_up(queries, 32) - queries)
        return 2 * 512  # the state of a random generator, kept even without dropout

    def workspace(self, kernel: str, query: Tensor) -> SizeChanges:
        """Workspace of the backward beside the three gradients, freed before it returns."""
        batch, heads, queries, width = query.shape
        rows = batch * heads
        if kernel == "efficient":
            return self.efficient_workspace(rows, queries, width, query.dtype)
        if kernel == "cudnn":  # the public part of its workspace
            return alloc_then_free(4 * rows * queries * width, 4 * rows * queries)
        wide = round_up(width, 32 if width <= 128 else 64)
        sums = 4 * rows * round_up(queries, 128)
        return alloc_then_free(sums, sums * wide)

    def efficient_workspace(
        self, rows: int, queries: int, width: int, dtype: torch.dtype
    ) -> SizeChanges:
        """For as many keys as queries, as in self-attention."""
        one = 4 * rows * queries
        half = dtype is not torch.float32
        tile = 64 if width <= 64 else 128
        columns = 128 if half and 96 < width <= 128 else 64
        tiles = math.ceil(queries / tile) * math.ceil(width / columns)
        floats = tiles * (4 + tile * columns)
        if half and width > 128:  # gradients of keys and values that no longer fit in registers
            splits = min(math.ceil(queries / columns), max(200 // rows, 1))
            floats += 2 * splits * columns * round_up(width, tile)
        workspace = 4 * rows * round_up(floats, 4)
        if half:
            return alloc_then_free(one, workspace)
        # the product of gradient and output, its sums, and their copy in another order
        return [one * width, one, -one * width, one, -one, workspace, -workspace, -one]


def alloc_then_free(*sizes: int) -> SizeChanges:
    return [*sizes, *(-size for size in reversed(sizes))]


def power_of_two_up_to(number: int) -> int:
    return 1 << (max(number, 1).bit_length() - 1)


def sum_over_rows(rows: int, width: int) -> int:
    """Workspace bytes of a sum of (rows, width) over its rows: a bias's gradient is one.

    Source:  setReduceConfig and global_memory_size in Reduce.cuh, for contiguous input.
    """
    vector = next(lanes for lanes in (4, 2, 1) if width % lanes == 0)
    most = 512 // vector
    across = min(power_of_two_up_to(width // vector), most)
    down = min(power_of_two_up_to(rows), most)
    block_x = min(across, WARP)
    block_y = min(down, most // block_x)
    block_x = min(across, most // block_y)
    if rows < min(block_y * 16, 256):
        return 0
    per_thread = math.ceil(rows / block_y)
    grid = math.ceil(width // vector / block_x)
    target = MULTIPROCESSORS * (THREADS // (block_x * block_y))
    if per_thread < 256 or grid > target:
        return 0
    splits = min(math.ceil(target / grid), math.ceil(per_thread / 16))
    splits = max(splits, math.ceil(per_thread / 256))
    return 4 * width * splits * block_x * vector if splits > 1 else 0


def norm_backward(rows: int, width: int) -> SizeChanges:
    """A layer norm's backward over many rows: two partial sums, of which each is summed up."""
    if rows <= 65536 or width / WARP >= MULTIPROCESSORS / 2:
        return []
    parts = min(32768 // math.ceil(width / WARP), math.ceil(rows / WARP))
    part, sums = 4 * parts * width, sum_over_rows(parts, width)
    return [part, part, *[sums, -sums] * 2, -part, -part]


def embedding_backward(ids: int, words: int, width: int) -> SizeChanges:
    """Many ids are sorted, and the gradients of each word summed in parts of at most ten."""
    if ids <= FEW_IDS:
        return []
    found = min(ids, words)
    parts = ids // 10 + found
    order, sorting = [8 * ids, 8 * ids], 16 * ids
    sums = alloc_then_free(8 * ids, 8 * found, 8 * found, 8 * parts, 4 * parts * width)
    return [*order, sorting, -sorting, *sums, *(-size for size in order)]


def workspace_of(name: str, args: Any) -> SizeChanges:
    """Workspace of operations other than attention, while they run."""
    if name == "sum.dim_IntList" and args[0].dim() == 2 and list(args[1]) == [0]:
        return alloc_then_free(sum_over_rows(*args[0].shape))
    if name == "native_layer_norm_backward.default":
        width = math.prod(args[2])
        return norm_backward(args[1].numel() // width, width)
    if name == "embedding_dense_backward.default":
        return embedding_backward(args[1].numel(), args[2], args[0].shape[-1])
    return []


# Operations that CUDA's autocast computes in float32 and the CPU's does not. First those whose
# inputs it casts, then those that it gives a float32 result, by their overloads.
CAST = (
    *("layer_norm", "rms_norm", "group_norm", "exp", "expm1", "log", "log2", "log10", "log1p"),
    *("pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar", "reciprocal", "rsqrt", "softplus"),
    *("tan", "sinh", "cosh", "logsumexp", "cosine_similarity", "dist"),
    *("upsample_nearest2d.vec", "upsample_bilinear2d.vec", "upsample_bicubic2d.vec"),
    "upsample_trilinear3d.vec",
)
RESULT = (
    *("softmax.int", "log_softmax.int", "sum", "sum.dim_IntList", "cumsum"),
    "linalg_vector_norm",
)


@contextmanager
def cuda_autocast() -> Iterator[None]:
    """Within it, autocast on the CPU casts what CUDA's does, in every thread."""
    with torch.library._scoped_library("aten", "IMPL") as library:
        for name in (*CAST, *RESULT):
            library.impl(name, caster(name, sets_dtype=name in RESULT), "AutocastCPU")
        yield


def caster(name: str, *, sets_dtype: bool) -> Callable[..., Any]:
    packet, _, overload = name.partition(".")
    operation = getattr(getattr(torch.ops.aten, packet), overload or "default")
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)

    def cast(*args: Any, **kwargs: Any) -> Any:
        with torch._C._ExcludeDispatchKeyGuard(keys):
            if sets_dtype:
                if kwargs.get("dtype") is None and is_half(args[0]):
                    kwargs["dtype"] = torch.float32
                return operation(*args, **kwargs)
            return operation(*map(widened, args), **{k: widened(v) for k, v in kwargs.items()})

    return cast


def is_half(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype in (torch.bfloat16, torch.float16)


def widened(value: Any) -> Any:
    return value.float() if is_half(value) else value
