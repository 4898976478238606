"""What attention's kernels keep and borrow on a card, by hand from torch's sources."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vbench_mem.machine.chips import A100, Chip
from vbench_mem.probes.cuda.attention import CudaRules, tiles_of
from vbench_mem.probes.cuda.workspaces import alloc_then_free


def workspace(kernel: str, tokens: Tensor, chip: Chip = A100) -> list[int]:
    """Of self-attention's backward."""
    return CudaRules("auto", chip).workspace(kernel, tokens, tokens)


def query(dtype: torch.dtype, *shape: int) -> Tensor:
    return torch.zeros(shape, dtype=dtype)


@pytest.mark.parametrize(
    ("asked", "dtype", "masked", "kernel"),
    [
        ("auto", torch.bfloat16, False, "flash"),
        ("auto", torch.float16, False, "flash"),
        ("auto", torch.bfloat16, True, "efficient"),
        ("auto", torch.float32, False, "efficient"),
        ("cudnn", torch.bfloat16, False, "cudnn"),
        ("efficient", torch.bfloat16, False, "efficient"),
        ("flash", torch.bfloat16, True, "efficient"),  # captions have a mask and keep `auto`
    ],
)
def test_each_attention_takes_the_kernel_that_a_card_would(
    asked: str, dtype: torch.dtype, masked: bool, kernel: str
) -> None:
    mask = torch.ones(1, 1, 1, 8, dtype=torch.bool) if masked else None
    rules, tokens = CudaRules(asked), query(dtype, 1, 1, 8, 8)  # type: ignore[arg-type]
    assert rules.kernel(tokens, tokens, tokens, mask) == kernel


def test_flash_backward_borrows_sums_and_a_float32_query_gradient() -> None:
    """By hand, 2 clips, 3 heads, 130 queries (256 when rounded up), heads of 64."""
    steps = workspace("flash", query(torch.bfloat16, 2, 3, 130, 64))
    sums, gradient = 4 * 2 * 3 * 256, 4 * 2 * 256 * 3 * 64
    assert steps == alloc_then_free(sums, gradient) == [sums, gradient, -gradient, -sums]


@pytest.mark.parametrize(
    ("width", "wide"),
    [
        *((8, 32), (32, 32), (40, 64), (64, 64), (72, 96), (96, 96), (128, 128)),
        *((136, 192), (160, 192), (192, 192), (200, 256), (256, 256)),
    ],
)
@pytest.mark.parametrize(("queries", "long"), [(1, 128), (128, 128), (129, 256), (257, 384)])
def test_flash_rounds_heads_to_32_up_to_128_and_to_64_above_and_queries_to_128(
    queries: int, long: int, width: int, wide: int
) -> None:
    """head_size_rounded, seqlen_q_rounded, softmax_d and dq_accum of mha_bwd, flash_api.cpp."""
    sums, gradient, *_ = workspace("flash", query(torch.bfloat16, 3, 5, queries, width))
    assert sums == 3 * 5 * long * 4
    assert gradient == 3 * long * 5 * wide * 4


def test_workspaces_are_freed() -> None:
    for kernel in ("flash", "efficient", "cudnn"):
        for dtype in (torch.float32, torch.bfloat16):
            for width in (32, 64, 80, 128):
                steps = workspace(kernel, query(dtype, 2, 2, 50, width))
                assert sorted(s for s in steps if s > 0) == sorted(-s for s in steps if s < 0)
                assert all(sum(steps[: end + 1]) >= 0 for end in range(len(steps)))


@pytest.mark.parametrize(
    ("dtype", "width", "tile", "columns", "tiles"),
    [
        (torch.bfloat16, 32, 64, 64, 4),
        (torch.float16, 64, 64, 64, 4),
        (torch.bfloat16, 72, 128, 128, 2),
        (torch.float16, 96, 128, 128, 2),
        (torch.bfloat16, 104, 128, 128, 2),
        (torch.float16, 128, 128, 128, 2),
        (torch.float32, 64, 64, 64, 4),
        (torch.float32, 72, 128, 64, 4),
        (torch.float32, 128, 128, 64, 4),
        (torch.float32, 256, 128, 64, 8),
    ],
)
def test_efficient_backward_borrows_a_query_gradient_in_tiles(
    dtype: torch.dtype, width: int, tile: int, columns: int, tiles: int
) -> None:
    """By hand, 2 clips, 3 heads, 200 queries. Each tile has a lock, a counter and two numbers of
    padding; its sizes are those of the first kernel in cutlassB.h that is wide enough for a head.
    """
    steps = workspace("efficient", query(dtype, 2, 3, 200, width))
    delta, tiled = 4 * 6 * 200, 4 * 6 * tiles * (4 + tile * columns)
    if dtype is torch.float32:
        product = delta * width
        assert steps[:5] == [product, delta, -product, delta, -delta]
        assert steps[5:] == [tiled, -tiled, -delta]
    else:
        assert steps == alloc_then_free(delta, tiled)


@pytest.mark.parametrize(
    ("capability", "dtype", "width", "tile"),
    [
        ((8, 6), torch.bfloat16, 80, (128, 64)),  # a kernel of this and of 8.9 alone
        ((8, 9), torch.float16, 96, (128, 64)),
        ((8, 9), torch.float16, 128, (64, 64)),  # two operands of 128 x 128 need more than 99 KiB
        ((9, 0), torch.bfloat16, 80, (128, 128)),
        ((7, 0), torch.float16, 128, (128, 64)),
        ((7, 5), torch.float32, 128, (64, 64)),
    ],
)
def test_the_tiles_of_the_efficient_backward_are_those_of_the_architecture(
    capability: tuple[int, int], dtype: torch.dtype, width: int, tile: tuple[int, int]
) -> None:
    rules = CudaRules("auto", Chip(capability, 80))
    assert rules.tile(width, dtype is not torch.float32)[:2] == tile


@pytest.mark.parametrize(
    ("architecture", "capability", "dtype"),
    [
        *((80, (8, 0), "bf16"), (80, (8, 0), "f32"), (80, (8, 9), "f16")),
        *((70, (7, 0), "f16"), (75, (7, 5), "f32"), (75, (7, 5), "f16")),
    ],
)
def test_the_kernels_are_those_of_torchs_own_header_in_its_order(
    architecture: int, capability: tuple[int, int], dtype: str
) -> None:
    """The header counts a kernel for lengths that tiles divide; its tile is the next one's."""
    folder = Path(torch.__file__).parent / "include/ATen/native/transformers/cuda"
    header = folder / "mem_eff_attention/kernels/cutlassB.h"
    if not header.is_file():
        pytest.skip("this build of torch has no headers")
    name = f"dispatch_cutlassB_{dtype}_sm{architecture}("
    body = header.read_text().partition(f"void {name}")[2].partition("\n}")[0]
    found: list[tuple[int, ...]] = []
    for line in body.splitlines():
        kernel = re.search(r"fmha_cutlassB_\w+?_aligned_(\d+)x(\d+)_k(\d+)(\w*)_sm", line)
        if kernel is None or "notaligned" in line or "dropout" in line:
            continue
        if "cc == 86" in line and capability not in ((8, 6), (8, 9)):
            continue
        tile = tuple(map(int, kernel.groups()[:3]))
        if tile not in found:
            found.append(tile)
    expected = [tuple(tile) for tile in tiles_of(capability, dtype != "f32")]
    assert [tile for tile in found if tile in expected] == expected
    narrower = {tile[2] for tile in expected}
    assert all(tile in expected or tile[2] in narrower for tile in found)


def test_efficient_forward_keeps_its_sums_rounded_to_32_queries_and_others_two_numbers() -> None:
    rules = CudaRules("auto")
    assert rules.kept("efficient", query(torch.float32, 2, 3, 40, 8)) == 4 * 2 * 3 * (64 - 40)
    assert rules.kept("efficient", query(torch.float32, 2, 3, 64, 8)) == 0
    for kernel in ("flash", "cudnn"):  # a block of the allocator is 512 bytes at least
        assert rules.kept(kernel, query(torch.bfloat16, 2, 3, 50, 8)) == 512 + 512


def test_keys_are_split_until_200_blocks_are_at_work() -> None:
    """By hand, 60 clips and heads: 500 keys could be 8 splits of 64, and 200 / 60 leaves 3."""
    steps = workspace("efficient", query(torch.bfloat16, 20, 3, 500, 256))
    queries, keys = 4 * 4 * (4 + 128 * 64), 3 * 64 * 256
    assert steps == alloc_then_free(4 * 60 * 500, 4 * 60 * (queries + 2 * keys))


def test_heads_wider_than_registers_borrow_gradients_of_keys_and_values_too() -> None:
    """By hand, 2 clips, 2 heads of 256, 200 queries: tiles of 128 x 64, keys in 4 splits of 64."""
    steps = workspace("efficient", query(torch.bfloat16, 2, 2, 200, 256))
    queries, keys = 2 * 4 * (4 + 128 * 64), 4 * 64 * 256
    assert steps == alloc_then_free(4 * 4 * 200, 4 * 4 * (queries + 2 * keys))
