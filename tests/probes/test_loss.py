"""The contrastive loss against cases worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from vbench_mem.encoders.similarity import Cosine
from vbench_mem.probes.loss import MAX_LOGIT_SCALE, clamp_temperature, info_nce

UNSCALED = torch.zeros(())
COSINE = Cosine()


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=-1)


def test_one_clip_costs_nothing() -> None:
    one = unit(torch.randn(1, 4))
    assert info_nce(COSINE(one, unit(torch.randn(1, 4))), UNSCALED).item() == 0


def test_equal_embeddings_cost_log_of_the_batch() -> None:
    same = unit(torch.ones(5, 4))
    assert info_nce(COSINE(same, same), torch.tensor(2.0)).item() == pytest.approx(math.log(5))


def test_both_directions_count_equally() -> None:
    torch.manual_seed(0)
    video, text, scale = unit(torch.randn(3, 4)), unit(torch.randn(3, 4)), torch.tensor(1.5)
    logits = [
        [math.exp(1.5) * sum(a * b for a, b in zip(v, t, strict=True)) for t in text.tolist()]
        for v in video.tolist()
    ]

    def cross_entropy(rows: list[list[float]]) -> float:
        costs = [math.log(sum(map(math.exp, row))) - row[i] for i, row in enumerate(rows)]
        return sum(costs) / len(costs)

    columns = [list(column) for column in zip(*logits, strict=True)]
    expected = (cross_entropy(logits) + cross_entropy(columns)) / 2
    assert info_nce(COSINE(video, text), scale).item() == pytest.approx(expected, rel=1e-5)
    assert info_nce(COSINE(text, video), scale).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_loss_is_float32_inside_of_autocast(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    video, text, scale = unit(torch.randn(8, 16)), unit(torch.randn(8, 16)), torch.tensor(4.0)
    outside = info_nce(COSINE(video, text), scale)
    with torch.autocast("cpu", dtype):
        inside = info_nce(COSINE(video, text), scale)
    assert inside.dtype is torch.float32
    assert inside.item() == outside.item()


@pytest.mark.parametrize(("before", "after"), [(-1.0, 0.0), (2.0, 2.0), (9.0, MAX_LOGIT_SCALE)])
def test_the_scale_of_logits_is_between_1_and_100(before: float, after: float) -> None:
    scale = torch.nn.Parameter(torch.tensor(before))
    clamp_temperature(scale)
    assert scale.item() == pytest.approx(after)
    assert math.exp(MAX_LOGIT_SCALE) == pytest.approx(100)
