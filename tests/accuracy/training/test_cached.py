"""Cached embeddings against all chunks in one graph, and their memory."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.accuracy.training.made import MASKED, stage
from vbench_mem.accuracy.training.cached import cached_backward
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.matrix.training import Objective
from vbench_mem.probes.storages import StorageTracker

CPU = torch.device("cpu")
Chunk = tuple[Tensor, Tensor, Tensor]


def drawn(batch: int) -> Chunk:
    """Clips, ids and masks of captions of 3 to 8 tokens."""
    torch.manual_seed(2)
    clips = torch.randn(batch, 4, 3, 16, 16, dtype=torch.float64)
    lengths = torch.randint(3, 9, (batch, 1))
    return clips, torch.randint(97, (batch, 8)), torch.arange(8) < lengths


def chunks_of(batch: Chunk, size: int) -> list[Chunk]:
    return list(zip(*(each.split(size) for each in batch), strict=True))


def gradients(encoder: nn.Module, *more: nn.Module) -> list[Tensor]:
    weights = [weight for module in (encoder, *more) for weight in module.parameters()]
    found = [weight.grad for weight in weights if weight.grad is not None]
    for weight in weights:
        weight.grad = None
    return found


def in_one_graph(encoder: DualEncoder, loss: Loss, chunks: list[Chunk]) -> Tensor:
    """The simple way: keep every activation."""
    pairs = [encoder(*chunk) for chunk in chunks]
    video, text = (torch.cat(side) for side in zip(*pairs, strict=True))
    value = loss(video, text, encoder.similarity, encoder.logit_scale)
    value.backward()
    return value


@pytest.mark.parametrize("objective", ["info_nce", "sigmoid"])
@pytest.mark.parametrize("encoder", ["joint_test", "factorized_test", "frame_attpool_test"])
@pytest.mark.parametrize("size", [3, 4])  # of 8: the last chunk is smaller, and it is not
def test_gradients_are_those_of_one_graph_with_the_same_masks(
    make_encoder: Callable[..., DualEncoder], objective: Objective, encoder: str, size: int
) -> None:
    module = make_encoder(encoder, MASKED).double()
    loss = Loss(objective).double()
    chunks = chunks_of(drawn(8), size)
    torch.manual_seed(5)
    whole = in_one_graph(module, loss, chunks)
    after, expected = torch.rand(()), gradients(module, loss)
    torch.manual_seed(5)
    value = cached_backward(
        chunks,
        lambda chunk: module(*chunk),
        lambda v, t: loss(v, t, module.similarity, module.logit_scale),
        CPU,
    )
    assert torch.rand(()) == after  # what is drawn next is the same, too
    got = gradients(module, loss)
    assert value.item() == pytest.approx(whole.item(), rel=1e-12)
    assert (
        len(got)
        == len(expected)
        == sum(p.requires_grad for p in module.parameters()) + len(list(loss.parameters()))
    )
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_on_a_cpu_chunks_draw_the_masks_of_the_whole_batch(
    make_encoder: Callable[..., DualEncoder],
) -> None:
    module, loss, batch = make_encoder(recipe=MASKED).double(), Loss("info_nce"), drawn(8)
    torch.manual_seed(5)
    in_one_graph(module, loss, [batch])
    expected = gradients(module)
    torch.manual_seed(5)
    cached_backward(
        chunks_of(batch, 2),
        lambda chunk: module(*chunk),
        lambda v, t: loss(v, t, module.similarity, module.logit_scale),
        CPU,
    )
    for one, other in zip(gradients(module), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("dtype", "scaled"), [("bfloat16", 1.0), ("float16", 1024.0)])
def test_autocast_and_a_loss_scale_change_no_more_than_rounding(
    make_encoder: Callable[..., DualEncoder], dtype: str, scaled: float
) -> None:
    module, loss = make_encoder(recipe=MASKED), Loss("info_nce")
    clips, ids, mask = drawn(8)
    chunks = chunks_of((clips.float(), ids, mask), 3)
    torch.manual_seed(5)
    in_one_graph(module, loss, chunks)
    expected = gradients(module)

    def embed(chunk: Chunk) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", getattr(torch, dtype)):
            video, text = module(*chunk)
            return video, text

    torch.manual_seed(5)
    cached_backward(
        chunks,
        embed,
        lambda v, t: loss(v, t, module.similarity, module.logit_scale),
        CPU,
        lambda value: value * scaled,
    )
    got, wanted = (torch.cat([g.flatten() for g in side]) for side in (gradients(module), expected))
    assert (got / scaled - wanted).norm() < 0.05 * wanted.norm()


def test_memory_is_that_of_one_chunk_and_not_of_the_batch(
    make_stepper: Callable[..., Stepper], make_feed: Callable[..., object]
) -> None:
    def peak(batch: int, micro_batch: int | None) -> int:
        """Bytes of everything but the weights and the batch."""
        made = stage(batch=batch, micro_batch=micro_batch, objective="sigmoid")
        stepper, feed = make_stepper(made), make_feed(made)
        fed = feed.batch(0)  # type: ignore[attr-defined]
        stepper.step(fed, 0)
        with StorageTracker() as tracker:
            tracker.track([*stepper.weights, fed.clips.frames])
            before = max(tracker.timeline.levels())
            stepper.gradients(fed)
        return max(tracker.timeline.levels()) - before

    small, cached, whole = peak(8, None), peak(64, 8), peak(64, None)
    assert whole > 5 * small
    assert cached < 1.3 * small
