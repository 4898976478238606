"""Attention on a CUDA device: which kernel runs, what it keeps, what its backward borrows.

Source:  PyTorch 2.13: aten/src/ATen/native/transformers/cuda (sdp_utils.cpp, attention.cu,
         attention_backward.cu, flash_attn/flash_api.cpp, mem_eff_attention/kernels/cutlassB.h).
Legend:  B batch, H heads, N queries, d head width; r(x, m) is x rounded up to a multiple of m.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from vbench_mem.base.load import Kernel
from vbench_mem.machine.chips import A100, Chip
from vbench_mem.probes.allocator import round_up
from vbench_mem.probes.cuda.workspaces import SizeChanges, alloc_then_free

NAMES = {
    "flash": "_scaled_dot_product_flash_attention",
    "efficient": "_scaled_dot_product_efficient_attention",
    "cudnn": "_scaled_dot_product_cudnn_attention",
}
LITTLE_SHARED = ((7, 5), (8, 6), (8, 9), (12, 0))  # below the 128 KiB of two 128 x 128 operands
TILE_HEADER = 4  # floats of a lock, a counter and padding
ENABLED: dict[str, Callable[[], bool]] = {
    "cudnn": torch.backends.cuda.cudnn_sdp_enabled,
    "flash": torch.backends.cuda.flash_sdp_enabled,
    "efficient": torch.backends.cuda.mem_efficient_sdp_enabled,
}


class CudaRules:
    """How one CUDA device computes attention.

    requested  the runtime's kernel of the video tower; the caption tower uses `auto`
    chip       the device's; kernels differ between architectures
    chosen     the kernel of the attention that is being traced
    """

    def __init__(self, requested: Kernel = "auto", chip: Chip = A100) -> None:
        self.requested, self.chip = requested, chip
        self.chosen: str | None = None

    def kernel(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        *,
        grouped: bool = False,
    ) -> str:
        """The first kernel in torch's order that is enabled and can run; `math` where none can."""
        if self.requested not in ("auto", "math") and mask is None:
            return self.requested
        can = {
            "cudnn": self.takes_cudnn(query, value, mask),
            "flash": self.can_flash(query, value, mask),
            "efficient": not grouped and self.can_efficient(query, value),
        }
        return next((name for name in can if can[name] and ENABLED[name]()), "math")

    def takes_cudnn(self, query: Tensor, value: Tensor, mask: Tensor | None) -> bool:
        """On Hopper torch prefers cuDNN's kernel, from 2.11 on and where cuDNN is recent; what its
        backward takes beyond the public part is in no prediction."""
        major, minor = self.chip.capability
        prefers = major in (9, 10) and minor in (0, 3)
        fits = query.shape[-1] <= 128 and not query.shape[-1] % 8
        gradient = mask is not None and mask.requires_grad
        return prefers and is_half(query) and fits and same_width(query, value) and not gradient

    def can_flash(self, query: Tensor, value: Tensor, mask: Tensor | None) -> bool:
        fits = query.shape[-1] <= 256 and same_width(query, value)
        return self.chip.capability >= (8, 0) and is_half(query) and fits and mask is None

    def can_efficient(self, query: Tensor, value: Tensor) -> bool:
        """Widths that a matrix instruction can read; bfloat16 from Ampere on; never float64."""
        ampere, half = self.chip.capability >= (8, 0), is_half(query)
        known = query.dtype in (torch.float32, torch.float16) or (half and ampere)
        step = 8 if half else (4 if ampere else 1)
        return known and not query.shape[-1] % step and not value.shape[-1] % step

    def kept(self, kernel: str, query: Tensor) -> int:
        """What the forward saves beyond the CPU's output and log-sum-exp. Units: bytes."""
        batch, heads, queries, _ = query.shape
        if kernel == "efficient":
            return 4 * batch * heads * (round_up(queries, 32) - queries)
        return 2 * 512  # the state of a random generator, kept even without dropout

    def workspace(self, kernel: str, query: Tensor, key: Tensor) -> SizeChanges:
        """Workspace of the backward beside the three gradients, freed before it returns."""
        if kernel == "efficient":
            return self.efficient_workspace(query, key)
        batch, heads, queries, width = query.shape
        rows = batch * heads
        if kernel == "cudnn":  # the public part of its workspace
            return alloc_then_free(4 * rows * queries * width, 4 * rows * queries)
        wide = round_up(width, 32 if width <= 128 else 64)
        sums = 4 * rows * round_up(queries, 128)
        return alloc_then_free(sums, sums * wide)

    def efficient_workspace(self, query: Tensor, key: Tensor) -> SizeChanges:
        batch, heads, queries, width = query.shape
        pairs, keys, half = batch * heads, key.shape[-2], is_half(query)
        tile = self.tile(width, half)
        across = math.ceil(keys / tile.keys)
        floats = math.ceil(queries / tile.queries) * math.ceil(width / tile.keys)
        floats *= TILE_HEADER + tile.queries * tile.keys
        kept_in_registers = half and tile.widest <= tile.queries
        if half and not kept_in_registers:  # gradients of keys and values
            splits = 1 if pairs >= 256 and keys <= 2 * tile.keys else min(across, 200 // pairs)
            floats += 2 * max(splits, 1) * tile.keys * round_up(width, tile.queries)
        workspace, sums = 4 * pairs * round_up(floats, 4), 4 * pairs * queries
        if kept_in_registers or (half and self.chip.capability != (7, 0)):
            return alloc_then_free(sums, workspace)  # the kernel itself sums gradient and output
        whole = sums * width
        casts = [whole, whole] if half else []
        # the product of gradient and output, its sums, and their copy in another order
        product = [*casts, whole, *(-size for size in casts), sums, -whole, sums, -sums]
        return [*product, workspace, -workspace, -sums]

    def tile(self, width: int, half: bool) -> "Tile":
        """Of the first kernel of the architecture that takes heads of this width, and that the
        multiprocessor has the shared memory for."""
        little_shared = self.chip.capability in LITTLE_SHARED
        for tile in tiles_of(self.chip.capability, half):
            too_large = little_shared and tile.queries == tile.keys == 128
            if width <= tile.widest and not too_large:
                return tile
        raise AssertionError("the last tile takes every width")


class Tile(NamedTuple):
    """Queries and keys that one block of threads of the backward takes, and its widest head."""

    queries: int
    keys: int
    widest: int


ANY_WIDTH = 65536
SMALL = (Tile(64, 64, 32), Tile(64, 64, 64))
# In the order in which torch tries them, for aligned inputs without dropout.
HALF = (*SMALL, Tile(128, 128, 128), Tile(64, 64, 128), Tile(128, 64, ANY_WIDTH))
HALF_ADA = (*SMALL, Tile(128, 64, 96), *HALF[2:])
OTHER = (*SMALL, Tile(128, 64, 128), Tile(64, 64, 128), Tile(128, 64, ANY_WIDTH))
OLD = (*SMALL, Tile(64, 64, 128), Tile(64, 64, ANY_WIDTH))


def tiles_of(capability: tuple[int, int], half: bool) -> tuple[Tile, ...]:
    """The kernels of `cutlassB.h`. Check: a test reads torch's own header."""
    if not half:
        return OTHER if capability >= (8, 0) else OLD
    if capability < (8, 0):
        return OTHER
    return HALF_ADA if capability in ((8, 6), (8, 9)) else HALF


def is_half(tensor: Tensor) -> bool:
    return tensor.dtype in (torch.bfloat16, torch.float16)


def same_width(query: Tensor, value: Tensor) -> bool:
    return query.shape[-1] == value.shape[-1]
