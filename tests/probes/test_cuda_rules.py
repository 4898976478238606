"""Memory of a card beside its tensors, from torch's sources; without a card."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.base.errors import Unsupported
from vbench_mem.machine.chips import A100, Chip
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.cuda.autocast import CAST, RESULT, cuda_autocast
from vbench_mem.probes.cuda.device import cuda_device, workspace_of
from vbench_mem.probes.cuda.reductions import layout, reduction_workspace
from vbench_mem.probes.cuda.workspaces import embedding_backward, norm_backward
from vbench_mem.probes.predict import predict, trace_once
from vbench_mem.probes.train_step import WORKSPACE

MIB = 2**20
WORKSPACE_BYTES = 8 * 4 * MIB  # what a burst configures


def half(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.bfloat16)


def sum_over_rows(rows: int, width: int, chip: Chip = A100) -> int:
    """Bytes of the partial sums of (rows, width) over its rows: a bias's gradient is one."""
    return sum(reduction_workspace(layout((rows, width), (width, 1), [0]), 4, chip)[:1])


def test_a_norm_over_many_rows_sums_its_parts_up_as_a_bias_gradient_is() -> None:
    """By hand, of width 768: 32768 / 24 parts of float32, twice, and the buffer of their sum."""
    part = 4 * 1365 * 768
    sums, counters = reduction_workspace(layout((1365, 768), (768, 1), [0]), 4, A100)
    summed = [sums, counters, -counters, -sums]
    assert sums > 0
    assert norm_backward(65537, 768, A100) == [part, part, *2 * summed, -part, -part]
    assert norm_backward(65536, 768, A100) == []
    # 54 of 108 multiprocessors
    assert norm_backward(65537, 1727, A100) and norm_backward(65537, 1728, A100) == []


def test_the_gradient_of_many_words_is_sorted_and_summed_in_parts() -> None:
    """By hand, 4000 ids out of 1000 words, 512 wide: 1400 parts in float32."""
    steps = embedding_backward(4000, 1000, 512)
    assert sum(steps) == 0
    assert max(steps) == 4 * 1400 * 512
    most = max(sum(steps[:end]) for end in range(len(steps)))
    assert most == 3 * 8 * 4000 + 2 * 8 * 1000 + 8 * 1400 + 4 * 1400 * 512
    assert embedding_backward(3072, 1000, 512) == []
    assert max(embedding_backward(4000, 30522, 512)) == 4 * (400 + 4000) * 512


@pytest.mark.parametrize(
    ("rows", "width", "mebibytes"),
    [(12544, 768, 73.5), (12544, 2304, 108.0), (2048, 768, 12.0), (1000, 768, 0), (256, 512, 0)],
)
def test_a_bias_gradient_takes_the_workspace_of_the_reduction_kernel(
    rows: int, width: int, mebibytes: float
) -> None:
    assert sum_over_rows(rows, width) == mebibytes * MIB


def test_the_workspace_is_the_one_that_a_burst_configures() -> None:
    assert workspace_of(WORKSPACE) == WORKSPACE_BYTES


def test_within_the_context_autocast_uses_float32_where_cuda_does() -> None:
    x, weight = half(4, 8), torch.ones(8)

    def results() -> dict[str, torch.dtype]:
        with torch.autocast("cpu", torch.bfloat16):
            return {
                "norm": F.layer_norm(x, (8,), weight, weight).dtype,
                "softmax": x.softmax(-1).dtype,
                "sum": x.sum(0).dtype,
                "power": (x**2).dtype,
                "gelu": F.gelu(x).dtype,
                "mean": x.mean(0).dtype,
                "linear": F.linear(x, torch.ones(8, 8)).dtype,
            }

    before = results()
    assert set(before.values()) == {torch.bfloat16}
    with cuda_autocast():
        inside = results()
    wide = {name for name, dtype in inside.items() if dtype is torch.float32}
    assert wide == {"norm", "softmax", "sum", "power"}
    assert results() == before


def test_no_cast_of_ours_hides_one_that_torch_has_on_the_cpu() -> None:
    for name in (*CAST, *RESULT):
        packet, _, overload = name.partition(".")
        full = f"aten::{packet}" + (f".{overload}" if overload else "")
        registered = torch._C._dispatch_has_kernel_for_dispatch_key(full, "AutocastCPU")
        assert not registered, full


def test_the_terms_of_a_card_sum_up_to_its_peak(small_cell: Callable[..., Cell]) -> None:
    cell = small_cell(dtype="bfloat16", frames=16)
    card, cpu = predict(cell, "cuda"), predict(cell, "cpu")
    assert sum(card.terms.values()) == card.peak_bytes == sum(card.categories.values())
    assert card.terms["workspaces"] == 2 * WORKSPACE_BYTES  # forward's thread and backward's
    assert card.peak_bytes % 512 == 0
    assert card.reserved_bytes is not None and card.reserved_bytes % (2 * MIB) == 0
    assert card.reserved_bytes >= card.peak_bytes
    assert card.context_bytes == cuda_device(None).context.most_bytes
    assert card.band_bytes == 0  # no convolution
    assert card.process_bytes == card.reserved_bytes + card.context_bytes
    # the same tensors, but for the counts of steps, which a card leaves on the host
    assert cpu.steady_bytes - (card.steady_bytes - 2 * WORKSPACE_BYTES) + 2 * MIB >= 0
    assert card.flop == cpu.flop


def test_an_embedding_on_a_card_has_one_workspace_and_holds_no_state(
    small_cell: Callable[..., Cell],
) -> None:
    train = small_cell(dtype="bfloat16", frames=16)
    embed = replace(train, load=replace(train.load, mode="embed"))
    predicted = predict(embed, "cuda")
    assert predicted.terms["workspaces"] == WORKSPACE_BYTES
    assert predicted.categories["gradient"] == predicted.categories["optimizer"] == 0
    # a training reads its embedding before the first step too
    assert predict(train, "cuda").embed_peak_bytes == predicted.peak_bytes


def test_memory_that_attention_keeps_is_allocated_in_one_event(
    small_cell: Callable[..., Cell],
) -> None:
    """A second, larger block would make the allocator reserve memory for both."""
    trace = trace_once(small_cell(dtype="bfloat16", frames=16), cuda_device(None))
    born: dict[int, int] = {}
    for block, change in zip(trace.timeline.blocks, trace.timeline.changes, strict=True):
        assert change < 0 or block not in born
        born.setdefault(block, change)


def test_a_kernel_that_no_card_has_for_a_precision_is_not_predicted(
    small_cell: Callable[..., Cell],
) -> None:
    for kernel in ("flash", "cudnn"):
        with pytest.raises(Unsupported, match=f"attention {kernel} cannot run float32"):
            predict(small_cell(attention=kernel), "cuda")
    assert predict(small_cell(attention="flash"), "cpu").peak_bytes


def test_attention_is_named_as_on_the_card(small_cell: Callable[..., Cell]) -> None:
    named = predict(small_cell(dtype="bfloat16", frames=16), "cuda").attention
    assert "_scaled_dot_product_flash_attention" in named  # clips
    assert "_scaled_dot_product_efficient_attention" in named  # captions, which have a mask
    assert not any("for_cpu" in name for name in named)
    asked = predict(small_cell(dtype="bfloat16", frames=16, attention="cudnn"), "cuda")
    assert "_scaled_dot_product_cudnn_attention" in asked.unseen


def test_a_norm_of_half_precision_keeps_its_float32_copy_on_a_card() -> None:
    """A bf16 input of a layer norm is cast on a card, and the copy is kept for backward."""
    from vbench_mem.probes.any_step import predict_step

    def build() -> tuple[nn.Module, Tensor]:
        model = nn.Sequential(nn.Linear(256, 256), nn.LayerNorm(256), nn.Linear(256, 256))
        return model, torch.randn(4096, 256)

    def step(state: tuple[nn.Module, Tensor]) -> None:
        model, batch = state
        with torch.autocast("cpu", torch.bfloat16):
            result = model(batch)
        result.float().sum().backward()
        model.zero_grad()

    kept = {
        target: predict_step(build, step, target=target).phases["forward"]
        for target in ("cpu", "cuda")
    }
    # the copy of 4 bytes in place of the input of 2, which nothing else needs
    assert kept["cuda"] - 2 * A100.blas_workspace - kept["cpu"] >= 4096 * 256 * (4 - 2)
