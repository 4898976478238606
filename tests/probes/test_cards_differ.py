"""What a prediction makes of a card: its kernels, its workspaces, its reductions. By hand."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.machine.chips import A100, Chip
from vbench_mem.probes.any_step import predict_step
from vbench_mem.probes.cuda.device import workspace_of
from vbench_mem.probes.cuda.reductions import layout, reduction_workspace
from vbench_mem.probes.cuda.workspaces import copy_of
from vbench_mem.probes.prediction import Prediction

MIB = 2**20
BEFORE_HOPPER, HOPPER = 8_519_680, 32 * MIB  # bytes of a cuBLAS workspace, read from torch


def inference(
    function: Callable[..., Tensor],
    *shapes: tuple[int, ...],
    card: str = "a100-80",
    dtype: torch.dtype = torch.float32,
) -> Prediction:
    """Of a function of tensors of these shapes, without gradients."""
    return predict_step(
        lambda: [torch.empty(shape, dtype=dtype) for shape in shapes],
        lambda inputs: function(*inputs),
        card=card,
    )


def forward_bytes(
    function: Callable[[Tensor], Tensor], shape: tuple[int, ...], card: str | None
) -> int:
    """The peak of a forward, without its input of 4 bytes an element."""

    def step(source: Tensor) -> None:
        function(source).sum().backward()
        source.grad = None

    options: dict[str, Any] = {"target": "cpu"} if card is None else {"card": card}
    predicted = predict_step(lambda: torch.randn(shape, requires_grad=True), step, **options)
    return predicted.phases["forward"] - 4 * torch.Size(shape).numel()


def test_dropout_keeps_a_mask_of_one_byte_on_a_card_and_of_four_on_a_cpu() -> None:
    """1 M elements: a card stores bools, the CPU what it multiplies by; and both the result."""
    for card, mask in (("a100-80", 1), (None, 4)):
        held = forward_bytes(lambda x: F.dropout(x, 0.1), (MIB,), card)
        assert held == pytest.approx((4 + mask) * MIB, abs=4096)


def test_a_half_cross_entropy_keeps_half_probabilities_on_a_card() -> None:
    """4096 x 1024 float16 logits: a card computes half log-probabilities and casts these, where the
    CPU casts the logits."""
    targets = torch.zeros(4096, dtype=torch.long)

    def build() -> Tensor:
        return torch.randn(4096, 1024, dtype=torch.float16, requires_grad=True)

    def step(logits: Tensor) -> None:
        with torch.autocast("cpu", torch.float16):
            loss = F.cross_entropy(logits, targets)
        loss.backward()
        logits.grad = None

    half, full = 2 * 4 * MIB, 4 * 4 * MIB
    card, cpu = predict_step(build, step, card="a100-80"), predict_step(build, step)
    assert card.phases["forward"] == pytest.approx(half + half + full, abs=12 * 4096)
    assert cpu.phases["forward"] == pytest.approx(half + full + full, abs=12 * 4096)


@pytest.mark.parametrize(
    ("card", "each"),
    [
        *(("t4", BEFORE_HOPPER), ("a100-80", BEFORE_HOPPER), ("rtx4090", BEFORE_HOPPER)),
        ("h100-80", HOPPER),
    ],
)
def test_cublas_takes_a_workspace_for_each_thread_that_multiplies(card: str, each: int) -> None:
    def build() -> tuple[nn.Module, Tensor]:
        return nn.Linear(64, 64), torch.randn(8, 64)

    def train(state: tuple[nn.Module, Tensor]) -> None:
        state[0](state[1]).sum().backward()

    def infer(state: tuple[nn.Module, Tensor]) -> None:
        state[0](state[1])

    assert predict_step(build, train, card=card).terms["workspaces"] == 2 * each
    assert predict_step(build, infer, card=card).terms["workspaces"] == each


def test_a_step_without_a_matrix_product_has_no_cublas_workspace() -> None:
    predicted = inference(torch.sin, (1024,))
    assert predicted.terms["workspaces"] == 0


def test_a_configured_workspace_counts_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:2:16:8")
    assert workspace_of(":4096:2:16:8") == BEFORE_HOPPER
    product = inference(torch.mm, (64, 64), (64, 64), card="h100-80")
    assert product.terms["workspaces"] == BEFORE_HOPPER


@pytest.mark.parametrize(
    ("card", "dtype", "kernel"),
    [
        ("t4", torch.float16, "efficient"),  # flash needs Ampere
        ("v100-16", torch.float16, "efficient"),
        ("v100-16", torch.bfloat16, None),  # all scores: no fused kernel has it there
        ("a100-80", torch.bfloat16, "flash"),
        ("rtx4090", torch.float16, "flash"),
        ("h100-80", torch.bfloat16, "cudnn"),
        ("h100-80", torch.float32, "efficient"),
        ("a100-80", torch.float64, None),
    ],
)
def test_each_card_takes_its_own_attention(
    card: str, dtype: torch.dtype, kernel: str | None
) -> None:
    tokens = [(1, 2, 256, 64)] * 3
    attends = inference(F.scaled_dot_product_attention, *tokens, card=card, dtype=dtype)
    expected = () if kernel is None else (f"_scaled_dot_product_{kernel}_attention",)
    assert attends.attention == expected


def test_attention_whose_mask_takes_a_gradient_stays_fused_on_a_card() -> None:
    """16 x 512 x 512 scores of 4 bytes: the mask and its gradient, and no probabilities."""
    heads, tokens, width = 16, 512, 64
    scores = 4 * heads * tokens * tokens

    def build() -> tuple[Tensor, nn.Parameter]:
        return torch.randn(1, heads, tokens, width, requires_grad=True), nn.Parameter(
            torch.zeros(1, heads, tokens, tokens)
        )

    def step(state: tuple[Tensor, nn.Parameter]) -> None:
        x, bias = state
        F.scaled_dot_product_attention(x, x, x, attn_mask=bias).sum().backward()
        x.grad = bias.grad = None

    one = 4 * heads * tokens * width
    card = predict_step(build, step, card="a100-80")
    assert card.phases["forward"] < scores + 4 * one  # the mask itself and small tensors
    assert card.peak_bytes < 2 * scores + 12 * one
    assert predict_step(build, step).peak_bytes > 3 * scores


def test_the_efficient_kernels_output_lies_by_tokens_whatever_the_query_does() -> None:
    """So that heads come together again without a copy: one activation less than on the CPU."""
    heads, tokens, width = 8, 512, 64
    one = 4 * heads * tokens * width

    def attend(x: Tensor) -> Tensor:
        joined = F.scaled_dot_product_attention(x, x, x).transpose(1, 2).reshape(tokens, -1)
        return joined * 2

    shape = 1, heads, tokens, width
    cpu, card = (forward_bytes(attend, shape, name) for name in (None, "a100-80"))
    assert cpu - card == pytest.approx(one, abs=4096)


def test_a_bias_gradient_borrows_less_on_a_card_with_fewer_multiprocessors() -> None:
    """By hand from Reduce.cuh: 28 multiprocessors of 1536 threads against 108 of 2048."""
    rows = layout((12544, 2304), (2304, 1), [0])
    assert reduction_workspace(rows, 4, A100)[0] == 108 * MIB
    small = Chip((8, 6), 28)
    # 128 threads in a block, 12 blocks each: 336 in all, 18 of them beside each other
    assert reduction_workspace(rows, 4, small)[0] == 4 * 2304 * 19 * 32 * 4


@pytest.mark.parametrize(
    ("shape", "dims", "mebibytes"),
    [
        ((16, 512, 1024), [0, 1], 64.0),  # as (8192, 1024) over its rows
        ((8192, 1024), [0], 64.0),
        ((8192, 1024), [1], 0),  # along the rows: nothing to share
    ],
)
def test_a_sum_over_several_leading_dimensions_borrows_as_one_over_rows(
    shape: tuple[int, ...], dims: list[int], mebibytes: float
) -> None:
    predicted = inference(lambda x: x.sum(dims), shape)
    rest = predicted.peak_bytes - 4 * torch.Size(shape).numel()
    assert rest == pytest.approx(mebibytes * MIB, abs=32 * 1024 + 4096)


def test_a_maximum_over_a_strided_dimension_borrows_a_value_and_an_index() -> None:
    """By hand, 64 x 65536 x 32 over the middle: 16 bytes for each of the partial results."""
    shaped = layout((64, 65536, 32), (65536 * 32, 32, 1), [1])
    number, pair = (reduction_workspace(shaped, size, A100)[0] for size in (4, 16))
    assert pair == 4 * number > 0
    found = inference(lambda x: x.max(1).values, (64, 65536, 32))
    assert found.terms["kernels"] == pytest.approx(pair, abs=4096)


def test_cublas_copies_a_matrix_whose_rows_and_columns_both_have_gaps() -> None:
    dense = torch.randn(64, 32)
    assert copy_of(dense) == copy_of(dense.t()) == copy_of(dense[:, :16]) == 0
    assert copy_of(torch.ones(()).expand(64, 32)) == 4 * 64 * 32  # the gradient of a sum
    assert copy_of(dense[:, ::2]) == 4 * 64 * 16
    expanded = inference(lambda x: torch.ones(()).expand(4096, 1024) @ x, (1024, 8))
    assert expanded.terms["kernels"] == 4 * 4096 * 1024


def test_steps_of_unlike_shapes_leave_memory_that_no_tensor_uses() -> None:
    """By hand: the old result lives until the new one exists, and a larger one takes new memory."""

    def step(results: list[Tensor], mebibytes: int) -> None:
        results[:] = [torch.empty(mebibytes, MIB, dtype=torch.uint8)]

    def predicted(sizes: list[int], allocator: str = "") -> Prediction:
        return predict_step(list, step, steps=sizes, card="rtx3060", allocator=allocator)

    same, rising = predicted([112] * 4), predicted([100, 104, 108, 112])
    assert (same.reserved_bytes, same.fragmentation_bytes) == (224 * MIB, 0)
    assert rising.peak_bytes == 220 * MIB
    assert rising.reserved_bytes == (100 + 104 + 108 + 112) * MIB
    assert rising.fragmentation_bytes == rising.reserved_bytes - rising.peak_bytes
    grown = predicted([100, 104, 108, 112], "expandable_segments:True")
    assert grown.reserved_bytes is not None and grown.reserved_bytes < rising.reserved_bytes


def test_six_cards_are_not_predicted_alike() -> None:
    def build() -> tuple[nn.Module, Tensor]:
        return nn.Linear(768, 2304), torch.randn(12544, 768)

    def step(state: tuple[nn.Module, Tensor]) -> None:
        with torch.autocast("cpu", torch.float16):
            qkv = state[0](state[1]).view(64, 196, 3, 12, 64).permute(2, 0, 3, 1, 4)
            F.scaled_dot_product_attention(*qkv).sum().backward()
        state[0].zero_grad()

    cards = ("t4", "v100-16", "l4", "rtx4090", "a100-80", "h100-80")
    found = {card: predict_step(build, step, card=card).process_bytes for card in cards}
    assert len(set(found.values())) == len(cards), found


def test_a_card_known_by_its_size_alone_says_what_stands_in() -> None:
    sized = inference(torch.sin, (4,), card="16 GiB")
    assert sized.assumed == ("the kernels of an A100 stand in for the card's",)
    assert inference(torch.sin, (4,), card="rtx4090").assumed == ()


def test_convolutions_whose_windows_overlap_have_a_band_and_others_do_not() -> None:
    def convolve(width: int, groups: int, card: str) -> Prediction:
        return inference(
            lambda x, w: F.conv2d(x, w, padding=width // 2, groups=groups),
            (4, 8, 64, 64),
            (16, 8 // groups, width, width),
            card=card,
        )

    wide = convolve(3, 1, "a100-80")
    assert wide.reserved_bytes is not None and wide.context_bytes is not None
    assert wide.band_bytes == int(0.39 * wide.reserved_bytes)
    assert wide.process_bytes == wide.reserved_bytes + wide.context_bytes + wide.band_bytes
    assert convolve(3, 1, "rtx3060").band_bytes == int(0.23 * wide.reserved_bytes)
    patches = inference(
        lambda x, w: F.conv2d(x, w, stride=16), (4, 3, 64, 64), (16, 3, 16, 16), card="a100-80"
    )
    assert patches.band_bytes == 0  # a vision transformer's first layer
    assert convolve(1, 1, "a100-80").band_bytes == convolve(3, 8, "a100-80").band_bytes == 0
