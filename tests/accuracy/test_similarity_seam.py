"""An encoder that compares clips and captions in its own way: every loss and ranking asks it."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from tests.accuracy.retrieval.made import made, several_each, slow_measures
from vbench_mem.accuracy.retrieval.answers import text_to_video, video_to_text
from vbench_mem.accuracy.retrieval.evaluate import evaluate
from vbench_mem.accuracy.retrieval.similarity import Learned
from vbench_mem.accuracy.training.cached import cached_backward
from vbench_mem.accuracy.training.losses import Loss, sigmoid_loss
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.similarity import Similarity
from vbench_mem.encoders.wrapped import Wrapped
from vbench_mem.matrix.training import Objective

CPU = torch.device("cpu")
SCALE = torch.tensor(math.log(10.0), dtype=torch.float64)


class TextPooled(Similarity):
    """Each caption pools a clip's frames by how much they resemble it, through a learned matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key = nn.Parameter(torch.randn(width, width, dtype=torch.float64) / width)

    def forward(self, video: Tensor, text: Tensor) -> Tensor:
        scores_CBT = torch.einsum("ce,btf,ef->cbt", text, video, self.key)
        pooled_CBE = torch.einsum("cbt,bte->cbe", scores_CBT.softmax(-1), video)
        return torch.einsum("ce,cbe->cb", text, pooled_CBE)


class Small(nn.Module):
    """Clips (B, T, 4) and captions (B, 4) to features of 6 numbers, compared as above."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.video = nn.Linear(4, 6).double()
        self.text = nn.Linear(4, 6).double()
        self.similarity = TextPooled(6)

    def forward(self, clips: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
        return self.video(clips), self.text(texts)


def drawn(batch: int, width: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    clips = torch.randn(batch, 5, width, dtype=torch.float64, generator=generator)
    return clips, torch.randn(batch, width, dtype=torch.float64, generator=generator)


@torch.no_grad()
def by_hand(similarity: TextPooled, video: Tensor, text: Tensor) -> list[list[float]]:
    """One pair at a time."""
    rows = []
    for caption in text:
        row = []
        for frames in video:
            weights = torch.stack([caption @ similarity.key @ frame for frame in frames]).softmax(0)
            row.append(float(caption @ (weights[:, None] * frames).sum(0)))
        rows.append(row)
    return rows


@pytest.mark.parametrize("objective", ["info_nce", "sigmoid"])
@pytest.mark.parametrize("size", [3, 4])
def test_cached_gradients_reach_the_towers_and_the_similarity_as_in_one_graph(
    objective: Objective, size: int
) -> None:
    module, loss = Small(), Loss(objective).double()
    clips, texts = drawn(8)

    def value(video: Tensor, text: Tensor) -> Tensor:
        return loss(video, text, module.similarity, SCALE)

    value(*module(clips, texts)).backward()
    expected = [weight.grad.clone() for weight in module.parameters() if weight.grad is not None]
    module.zero_grad()
    chunks = list(zip(clips.split(size), texts.split(size), strict=True))
    cached_backward(chunks, lambda chunk: module(*chunk), value, CPU)
    got = [weight.grad for weight in module.parameters() if weight.grad is not None]
    assert len(got) == len(expected) == len(list(module.parameters()))
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_the_sigmoid_loss_by_blocks_equals_a_loop_over_pairs(rows: int) -> None:
    module = Small()
    video, text = module(*drawn(8))
    found = sigmoid_loss(
        video, text, module.similarity, SCALE, torch.tensor(-1.0, dtype=torch.float64), rows=rows
    )
    total = 0.0
    for caption, row in enumerate(by_hand(module.similarity, video, text)):
        for clip, similarity in enumerate(row):
            logit = 10 * similarity - 1
            total += math.log1p(math.exp(-logit if caption == clip else logit))
    assert found.item() == pytest.approx(total / 8, rel=1e-9)


@pytest.mark.parametrize("chunk_bytes", [2**30, 4000])
@pytest.mark.parametrize("convention", ["every_caption", "grouped_captions"])
def test_the_ranking_is_by_the_encoders_similarity(chunk_bytes: int, convention: str) -> None:
    benchmark = several_each(13, most=3, seed=1)
    similarity = TextPooled(6)
    torch.manual_seed(4)
    video = torch.randn(13, 5, 6, dtype=torch.float64)
    text = torch.randn(len(benchmark.captions), 6, dtype=torch.float64)
    found = evaluate(
        video,
        text,
        benchmark,
        convention=convention,  # type: ignore[arg-type]
        similarity=similarity,
        chunk_bytes=chunk_bytes,
        bootstrap=0,
    )
    rows = by_hand(similarity, video, text)
    forth = slow_measures(rows, text_to_video(benchmark))
    assert found.t2v.metrics == pytest.approx(forth)
    answers = video_to_text(benchmark, convention)  # type: ignore[arg-type]
    columns: Sequence[Sequence[float]] = list(zip(*rows, strict=True))
    if answers.groups:
        columns = [[max(row[i] for i in group) for group in answers.groups] for row in columns]
    assert found.v2t.metrics == pytest.approx(slow_measures(columns, answers))
    constant = found.sanity["constant"]
    assert constant is not None and constant["t2v"]["recall_at_1"] == 0


def test_a_pair_has_the_similarity_that_it_has_in_any_block() -> None:
    similarity, (video, text) = TextPooled(4), drawn(40)
    for videos_ask in (False, True):
        scores = Learned(similarity, video, text, videos_ask=videos_ask)
        whole = scores.block(slice(None), slice(None))
        rows = torch.arange(40)
        assert scores.pairs(rows, rows.flip(0)).equal(whole[rows, rows.flip(0)])
        assert scores.block(slice(3, 7), slice(1, 30)).equal(whole[3:7, 1:30])


def test_features_of_a_similarity_of_its_own_are_checked_too() -> None:
    benchmark = made((0,), (1,), clips=2)
    video, text = torch.randn(2, 3, 4), torch.randn(2, 4)
    video[1, 2, 0] = math.nan
    with pytest.raises(UsageError, match="1 of 2 rows hold NaN"):
        evaluate(video, text, benchmark, similarity=TextPooled(4), bootstrap=0)


class Own(nn.Module):
    """A user's module with a similarity: features of its own shapes are left as they are."""

    def __init__(self, rows: int = 0) -> None:
        super().__init__()
        self.rows = rows
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, clips: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return 3 * self.weight * clips.mean((2, 3, 4))[..., None], ids.float()[:, :1]

    def similarity(self, video: Tensor, text: Tensor) -> Tensor:
        return torch.einsum("ce,bte->cb", text, video)[: len(text) - self.rows]


def test_a_users_own_similarity_is_taken_and_its_features_are_not_made_unit() -> None:
    encoder = Wrapped(Own(), "mine:build")
    clips, ids = torch.ones(2, 5, 3, 4, 4), torch.tensor([[1, 2], [3, 4]])
    video, text = encoder(clips, ids, ids > 0)
    assert video.shape == (2, 5, 1) and video.max() == 3
    assert encoder.similarity(video, text).tolist() == [[15, 15], [45, 45]]
    assert [name for name, _ in encoder.named_parameters()] == ["temperature", "inner.weight"]


def test_a_users_similarity_of_the_wrong_shape_is_refused_in_a_sentence() -> None:
    encoder = Wrapped(Own(rows=1), "mine:build")
    with pytest.raises(UsageError, match=r"mine:build: similarity returned \(1, 2\); it must "):
        encoder.similarity(torch.ones(2, 5, 1), torch.ones(2, 1))


def test_without_a_similarity_a_user_is_held_to_vectors_of_one_shape() -> None:
    class Plain(nn.Module):
        def forward(self, *_: Tensor) -> tuple[Tensor, Tensor]:
            return torch.ones(2, 5, 1), torch.ones(2, 1)

    with pytest.raises(UsageError, match=r"two tensors of one shape \(2, width\)"):
        Wrapped(Plain(), "mine:build")(torch.ones(2, 1), torch.ones(2, 1), torch.ones(2, 1))


def test_the_burst_trains_a_similarity(monkeypatch: pytest.MonkeyPatch) -> None:
    from vbench_mem.matrix.cell import Protocol
    from vbench_mem.probes.train_step import Trainer

    class Cell:  # what a trainer reads of one
        runtime, protocol = Runtime(device="cpu"), Protocol(learning_rate=0.1)

    class Batch:
        clips_BTCHW = torch.randn(2, 5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
        ids_BL, mask_BL = torch.tensor([[1, 2], [3, 4]]), torch.ones(2, 2, dtype=torch.bool)

    encoder = Wrapped(Own(), "mine:build")
    trainer = Trainer(encoder, Cell(), CPU)  # type: ignore[arg-type]
    before = encoder.inner.weight.item()
    trainer.step(Batch())  # type: ignore[arg-type]
    assert encoder.inner.weight.item() != before


@pytest.mark.parametrize("chunk_bytes", [60_000, 20_000, 12_000])
def test_no_rank_is_below_1_however_small_the_blocks(chunk_bytes: int) -> None:
    """In float32 a pair's similarity may differ in the last digit from block to block."""

    class Scaled(Similarity):
        def forward(self, video: Tensor, text: Tensor) -> Tensor:
            unit = torch.nn.functional.normalize
            return 14 * unit(text @ weight, dim=-1) @ unit(video, dim=-1).T

    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(256, 256, generator=generator) / 16
    video, noise = (torch.randn(201, 256, generator=generator) for _ in range(2))
    text = torch.linalg.solve(weight.T, (video + 0.1 * noise).T).T
    benchmark = made(*((clip,) for clip in range(201)), clips=201)
    options = {"similarity": Scaled(), "chunk_bytes": chunk_bytes, "bootstrap": 0}
    found = evaluate(video, text, benchmark, **options)  # type: ignore[arg-type]
    for way in (found.t2v, found.v2t):
        assert way.metrics["mean_rank"] >= 1 and way.metrics["mean_average_precision"] <= 1
        assert all(map(math.isfinite, way.metrics.values()))


def test_the_flops_of_a_similarity_are_left_out_however_it_is_written() -> None:
    from vbench_mem.probes.module_tracker import ModuleTracker

    seen: list[str] = []

    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(tracker.active())
            return x

    class Method(Own):
        def __init__(self) -> None:
            super().__init__()
            self.cross = Inner()

        def similarity(self, video: Tensor, text: Tensor) -> Tensor:
            return super().similarity(self.cross(video), text)

    class Module(Similarity):
        def __init__(self) -> None:
            super().__init__()
            self.cross = Inner()

        def forward(self, video: Tensor, text: Tensor) -> Tensor:
            return torch.einsum("ce,bte->cb", text, self.cross(video))

    class Attribute(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.similarity = Module()

    for own in (Method(), Attribute()):
        encoder = Wrapped(own, "mine:build")
        with ModuleTracker() as tracker:
            tracker.register(encoder)
            encoder.similarity(torch.ones(2, 5, 1), torch.ones(2, 1))
    assert seen == ["similarity", "similarity"]
