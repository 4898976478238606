"""The sigmoid loss against a loop over pairs, whole and by blocks, and its learned bias."""

import math

import pytest
import torch
from torch import Tensor

from vbench_mem.accuracy.training.losses import Loss, sigmoid_loss
from vbench_mem.encoders.similarity import Cosine
from vbench_mem.probes.loss import info_nce
from vbench_mem.probes.storages import StorageTracker

COSINE = Cosine()


def drawn(batch: int, width: int = 6) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Unit vectors, log of a temperature of 10 and a bias of -3, in float64, to be derived for."""
    torch.manual_seed(0)
    video, text = (
        torch.nn.functional.normalize(torch.randn(batch, width, dtype=torch.float64), dim=-1)
        for _ in range(2)
    )
    scale, bias = (torch.tensor(x, dtype=torch.float64) for x in (math.log(10), -3.0))
    return tuple(each.requires_grad_() for each in (video, text, scale, bias))  # type: ignore[return-value]


def test_the_sigmoid_loss_classifies_every_pair() -> None:
    video, text, scale, bias = drawn(5)
    total = 0.0
    for i, v in enumerate(video.tolist()):
        for j, t in enumerate(text.tolist()):
            logit = 10 * sum(a * b for a, b in zip(v, t, strict=True)) - 3
            total += math.log(1 + math.exp(-logit if i == j else logit))
    assert sigmoid_loss(video, text, COSINE, scale, bias).item() == pytest.approx(
        total / 5, rel=1e-12
    )


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_by_blocks_the_sigmoid_loss_has_the_value_and_gradients_of_the_whole(rows: int) -> None:
    leaves = drawn(8)
    video, text, scale, bias = leaves
    own = torch.eye(8, dtype=torch.float64) * 2 - 1
    whole = -torch.nn.functional.logsigmoid(own * (scale.exp() * video @ text.T + bias)).sum() / 8
    parts = sigmoid_loss(*leaves[:2], COSINE, *leaves[2:], rows=rows)
    assert parts.item() == pytest.approx(whole.item(), rel=1e-12)
    expected, got = (torch.autograd.grad(loss, leaves) for loss in (whole, parts))
    for one, other in zip(expected, got, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_by_blocks_the_whole_matrix_is_never_in_memory() -> None:
    def peak(rows: int) -> int:
        leaves = drawn(512)
        with StorageTracker() as tracker:
            sigmoid_loss(*leaves[:2], COSINE, *leaves[2:], rows=rows).backward()
        return max(tracker.timeline.levels())

    matrix = 512 * 512 * 8
    assert peak(512) > matrix
    assert peak(16) < matrix / 4


def test_the_losses_are_float32_inside_of_autocast() -> None:
    video, text, scale, bias = (each.detach().float() for each in drawn(4))
    outside = sigmoid_loss(video, text, COSINE, scale, bias)
    with torch.autocast("cpu", torch.bfloat16):
        inside = sigmoid_loss(video, text, COSINE, scale, bias)
    assert inside.dtype is torch.float32
    assert inside.item() == outside.item()


def test_only_the_sigmoid_loss_has_a_bias_and_both_start_at_their_own_temperature() -> None:
    scale = torch.nn.Parameter(torch.zeros(()))
    sigmoid, softmax = Loss("sigmoid"), Loss("info_nce")
    assert [name for name, _ in sigmoid.named_parameters()] == ["bias"]
    assert not list(softmax.parameters())
    sigmoid.start(scale)
    assert (scale.exp().item(), sigmoid.bias.item()) == (pytest.approx(10), -10)
    softmax.start(scale)
    assert scale.exp().item() == pytest.approx(1 / 0.07)


def test_each_objective_is_the_loss_of_its_name() -> None:
    video, text, scale = (each.detach().float() for each in drawn(4)[:3])
    bias = torch.tensor(-10.0)
    assert Loss("info_nce")(video, text, COSINE, scale) == info_nce(text @ video.T, scale)
    assert Loss("sigmoid")(video, text, COSINE, scale) == sigmoid_loss(
        video, text, COSINE, scale, bias
    )
