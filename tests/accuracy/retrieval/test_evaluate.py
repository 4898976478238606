"""The evaluator: conventions by double loop, sanity rows, and what it refuses."""

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.accuracy.retrieval.made import chance, made, several_each, slow_measures
from vbench_mem.accuracy.retrieval.answers import text_to_video, video_to_text
from vbench_mem.accuracy.retrieval.evaluate import Evaluation, evaluate
from vbench_mem.accuracy.retrieval.similarity import on_grid
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.matrix.training import Convention
from vbench_mem.probes.storages import StorageTracker


def drawn(rows: int, width: int, seed: int) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


def trained(benchmark: Benchmark, noise: float, width: int = 24) -> tuple[Tensor, Tensor]:
    """Embeddings of a trained encoder: a caption is near its first clip."""
    videos = drawn(len(benchmark.clips), width, seed=1)
    first = torch.tensor([caption.clips[0] for caption in benchmark.captions])
    return videos, videos[first] + noise * drawn(len(first), width, seed=2)


def quick(videos: Tensor, texts: Tensor, benchmark: Benchmark, **options: Any) -> Evaluation:
    return evaluate(videos, texts, benchmark, **{"bootstrap": 20, "chunk_bytes": 20_000} | options)


def cosines(videos: Tensor, texts: Tensor) -> Tensor:
    return on_grid(texts) @ on_grid(videos).T


def test_every_caption_equals_a_double_loop() -> None:
    benchmark = several_each(clips=31, most=4, seed=0)
    videos, texts = trained(benchmark, noise=1.5)
    found, whole = quick(videos, texts, benchmark), cosines(videos, texts)
    assert found.t2v.metrics == pytest.approx(
        slow_measures(whole.tolist(), text_to_video(benchmark))
    )
    back = video_to_text(benchmark, "every_caption")
    assert found.v2t.metrics == pytest.approx(slow_measures(whole.T.tolist(), back))
    assert (found.t2v.queries, found.t2v.gallery_size) == (len(texts), 31)
    assert (found.v2t.queries, found.v2t.gallery_size) == (31, len(texts))


def test_grouped_captions_equal_a_loop_over_videos() -> None:
    benchmark = several_each(clips=31, most=4, seed=0)
    videos, texts = trained(benchmark, noise=1.5)
    found = quick(videos, texts, benchmark, convention="grouped_captions")
    whole = cosines(videos, texts).T.tolist()
    captions_of = [
        [number for number, caption in enumerate(benchmark.captions) if clip in caption.clips]
        for clip in range(31)
    ]
    rows = [
        [max(row[caption] for caption in captions_of[clip]) for clip in range(31)] for row in whole
    ]
    back = video_to_text(benchmark, "grouped_captions")
    assert found.v2t.metrics == pytest.approx(slow_measures(rows, back))
    assert found.v2t.gallery_size == 31
    assert found.t2v == quick(videos, texts, benchmark).t2v


def test_first_captions_are_those_of_a_benchmark_with_no_others() -> None:
    benchmark = several_each(clips=20, most=3, seed=1)
    videos, texts = trained(benchmark, noise=1.0)
    seen: set[int] = set()
    kept = []
    for number, caption in enumerate(benchmark.captions):
        if caption.clips[0] not in seen:
            kept.append(number)
        seen.add(caption.clips[0])
    alone = made(*(benchmark.captions[number] for number in kept), clips=20)
    found = quick(videos, texts, benchmark, convention="first_caption")
    expected = quick(videos, texts[kept], alone)
    assert (found.t2v, found.v2t, found.sanity) == (expected.t2v, expected.v2t, expected.sanity)


def test_conventions_agree_where_every_clip_has_one_caption() -> None:
    benchmark = several_each(clips=25, most=1, seed=2)
    videos, texts = trained(benchmark, noise=1.0)
    every, grouped, first = (
        quick(videos, texts, benchmark, convention=convention)
        for convention in ("every_caption", "grouped_captions", "first_caption")
    )
    assert every.t2v == grouped.t2v == first.t2v
    assert every.v2t == first.v2t
    assert every.v2t.metrics == grouped.v2t.metrics


@pytest.mark.parametrize("convention", ["every_caption", "grouped_captions", "first_caption"])
def test_sanity_rows_are_chance_and_worse(convention: Convention) -> None:
    benchmark = several_each(clips=150, most=3, seed=3)
    videos, texts = trained(benchmark, noise=0.3)
    found = quick(videos, texts, benchmark, convention=convention)
    expected = chance(benchmark, convention)
    assert found.convention == convention
    shuffled, constant = found.sanity["shuffled"], found.sanity["constant"]
    assert shuffled is not None and constant is not None
    for direction, real in (("t2v", found.t2v), ("v2t", found.v2t)):
        assert real.chance == pytest.approx(expected[direction])
        assert real.metrics["recall_at_1"] > 0.9
        assert shuffled[direction]["recall_at_1"] < 0.04
        assert shuffled[direction]["mean_rank"] == pytest.approx(real.chance["mean_rank"], rel=0.25)
        assert constant[direction]["recall_at_10"] == 0
        assert constant[direction]["median_rank"] > 0.9 * real.gallery_size
        for name, value in constant[direction].items():
            if name != "median_rank":
                worst = real.chance[name]
                assert value >= worst if name == "mean_rank" else value <= worst


def test_permuted_frames_are_scored_by_their_own_embeddings() -> None:
    benchmark = several_each(clips=40, most=2, seed=4)
    videos, texts = trained(benchmark, noise=0.8)
    assert quick(videos, texts, benchmark).sanity["frames_permuted"] is None
    blind = quick(videos, texts, benchmark, permuted_VE=videos)
    assert blind.sanity["frames_permuted"] == {"t2v": blind.t2v.metrics, "v2t": blind.v2t.metrics}
    other = drawn(40, 24, seed=9)
    sees = quick(videos, texts, benchmark, permuted_VE=other)
    alone = quick(other, texts, benchmark)
    assert sees.sanity["frames_permuted"] == {"t2v": alone.t2v.metrics, "v2t": alone.v2t.metrics}
    assert sees.t2v == blind.t2v


def test_an_evaluation_is_plain_numbers_and_the_same_again() -> None:
    benchmark = several_each(clips=20, most=2, seed=5)
    videos, texts = trained(benchmark, noise=1.0)
    found = quick(videos.requires_grad_(), texts, benchmark, permuted_VE=videos, seed=3)
    written = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert written["t2v"]["metrics"] == found.t2v.metrics
    assert written["v2t"]["intervals"]["ndcg"] == list(found.v2t.intervals["ndcg"])
    assert written["sanity"]["shuffled"].keys() == {"t2v", "v2t"}
    assert (written["convention"], written["seed"]) == ("every_caption", 3)
    for options in ({}, {"chunk_bytes": 2**24}):
        again = quick(videos, texts, benchmark, permuted_VE=videos, seed=3, **options)
        assert (again.t2v.metrics, again.sanity) == (found.t2v.metrics, found.sanity)
    assert quick(videos, texts, benchmark, seed=4).sanity["shuffled"] != found.sanity["shuffled"]
    for name, (low, high) in found.t2v.intervals.items():
        assert low <= high, name
    assert quick(videos, texts, benchmark, bootstrap=0).t2v.intervals == {}


@pytest.mark.parametrize("convention", ["every_caption", "grouped_captions"])
def test_memory_stays_bounded_in_both_directions(convention: Convention) -> None:
    benchmark = several_each(clips=500, most=3, seed=6)
    videos, texts = trained(benchmark, noise=1.0)
    chunk_bytes = 300_000
    with StorageTracker() as tracker:
        tracker.track([videos, texts])
        quick(videos, texts, benchmark, convention=convention, chunk_bytes=chunk_bytes, bootstrap=2)
    peak_bytes = max(tracker.timeline.levels()) - videos.nbytes - texts.nbytes
    assert peak_bytes <= chunk_bytes + 500 * len(texts)
    assert 8 * len(texts) * 500 > 3 * peak_bytes  # the whole matrix


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"video_VE": torch.ones(5, 8)}, "video embeddings: 5 rows for the benchmark's 6 clips"),
        ({"text_CE": torch.ones(9, 8)}, "text embeddings: 9 rows for the benchmark's 6 captions"),
        ({"video_VE": torch.ones(6, 7)}, "video embeddings are 7 wide on cpu, text embeddings 8"),
        ({"permuted_VE": torch.ones(5, 8)}, "permuted video embeddings: 5 rows"),
        ({"text_CE": torch.full((6, 8), torch.nan)}, "text embeddings: 6 of 6 rows hold NaN"),
        ({"permuted_VE": torch.full((6, 8), torch.inf)}, "permuted video embeddings: 6 of 6"),
        ({"convention": "best"}, "no convention called 'best'"),
    ],
)
def test_invalid_embeddings_are_refused(change: dict[str, Any], says: str) -> None:
    given = {"video_VE": torch.ones(6, 8), "text_CE": torch.ones(6, 8)}
    benchmark = made(*((clip,) for clip in range(6)), clips=6)
    with pytest.raises(UsageError, match=says):
        evaluate(**given | {"benchmark": benchmark} | change)
