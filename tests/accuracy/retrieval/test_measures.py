"""Medians and bootstrap intervals: against plain resampling, theory, and properties of clusters."""

import random
from statistics import mean, median

import pytest
import torch

from tests.accuracy.retrieval.made import Matrix, some_answers, tied_matrix
from vbench_mem.accuracy.retrieval.measures import (
    intervals,
    means_of,
    measures,
    middle_ranks,
    resampled,
)
from vbench_mem.accuracy.retrieval.ranking import Ranked, rank
from vbench_mem.base.errors import UsageError
from vbench_mem.base.score_metrics import SCORE_METRICS
from vbench_mem.probes.storages import StorageTracker


def of_ranks(*ranks: int) -> Ranked:
    """One right answer each, so every measure is a function of the rank."""
    rank_Q = torch.tensor(ranks)
    gain_Q = 1 / torch.log2(1 + rank_Q.double())
    return Ranked(
        rank_Q=rank_Q,
        average_precision_Q=1 / rank_Q.double(),
        ndcg_Q=gain_Q,
        ndcg_cut_Q=gain_Q.where(rank_Q <= 10, 0.0),
    )


def some_ranks(count: int, seed: int = 0) -> Ranked:
    draw = random.Random(seed)
    return of_ranks(*(draw.choice((1, 1, 2, 4, 7, 30)) for _ in range(count)))


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11])
def test_the_median_is_the_middle_or_the_mean_of_the_middle_two(count: int) -> None:
    ranks = random.Random(count).choices(range(1, 30), k=count)
    assert measures(of_ranks(*ranks))["median_rank"] == median(ranks)


def test_a_weighted_median_is_that_of_the_repeated_ranks() -> None:
    ranks, draw = [1, 2, 2, 5, 9, 30], random.Random(0)
    for _ in range(50):
        times = [draw.randint(0, 3) for _ in ranks]
        if not any(times):
            continue
        repeated = [rank for rank, often in zip(ranks, times, strict=True) for _ in range(often)]
        found = middle_ranks(torch.tensor(ranks), torch.tensor([times]))
        assert float(found) == median(repeated)


def test_every_measure_is_a_score_of_the_table_in_both_directions() -> None:
    ranked = rank(Matrix(tied_matrix(6, 9, 4, seed=0)), some_answers(6, 9, 3, seed=0))
    found, sure = measures(ranked), intervals(ranked, range(6), resamples=10)
    assert set(found) == set(sure)
    for name, value in found.items():
        metric = SCORE_METRICS[name]
        assert metric.directions == ("t2v", "v2t")
        assert metric.low <= value <= metric.high
        assert metric.better == ("lower" if name.endswith("_rank") else "higher")


def test_resamples_equal_those_of_a_plain_loop_with_the_same_draws() -> None:
    ranked, clusters = some_ranks(11), [0, 7, 7, 2, 0, 5, 5, 5, 9, 9, 0]
    means_Q = means_of(ranked)
    found_SM = resampled(ranked, means_Q, clusters, 40, seed=3, chunk_bytes=2**20)
    drawn = torch.randint(5, (40, 5), generator=torch.Generator().manual_seed(3))
    members = [[n for n, of in enumerate(clusters) if of == name] for name in (0, 2, 5, 7, 9)]
    for found, clusters_drawn in zip(found_SM.tolist(), drawn.tolist(), strict=True):
        queries = [query for cluster in clusters_drawn for query in members[cluster]]
        expected = [mean(float(value[n]) for n in queries) for value in means_Q.values()]
        expected.append(median(int(ranked.rank_Q[n]) for n in queries))
        assert found == pytest.approx(expected)


def test_intervals_are_the_percentiles_of_theory_for_a_share() -> None:
    hits = of_ranks(*[1] * 300 + [20] * 700)
    low, high = intervals(hits, range(1000), resamples=4000)["recall_at_1"]
    half = 1.96 * (0.3 * 0.7 / 1000) ** 0.5
    assert low == pytest.approx(0.3 - half, abs=0.003)
    assert high == pytest.approx(0.3 + half, abs=0.003)
    narrow = intervals(hits, range(1000), resamples=4000, level=0.5)["recall_at_1"]
    assert low < narrow[0] < 0.3 < narrow[1] < high


def test_captions_of_one_video_that_rank_alike_do_not_narrow_the_interval() -> None:
    one_each = some_ranks(60)
    five_each = of_ranks(*(rank for rank in one_each.rank_Q.tolist() for _ in range(5)))
    clips = [clip for clip in range(60) for _ in range(5)]
    sure = intervals(one_each, range(60), resamples=300)
    for name, ends in intervals(five_each, clips, resamples=300).items():
        assert ends == pytest.approx(sure[name])
    low, high = intervals(five_each, range(300), resamples=300)["recall_at_1"]
    assert high - low < 0.7 * (sure["recall_at_1"][1] - sure["recall_at_1"][0])


def test_the_seed_alone_moves_an_interval() -> None:
    ranked = some_ranks(80)
    first = intervals(ranked, range(80), resamples=200, seed=1)
    again = intervals(ranked, range(80), resamples=200, seed=1, chunk_bytes=9000)
    for name, ends in first.items():
        assert again[name] == pytest.approx(ends, rel=1e-12)
    assert intervals(ranked, range(80), resamples=200, seed=2) != first


def test_resampling_stays_within_its_memory() -> None:
    ranked, chunk_bytes = some_ranks(3000), 2**20
    with StorageTracker() as tracker:
        intervals(ranked, range(3000), resamples=200, chunk_bytes=chunk_bytes)
    assert max(tracker.timeline.levels()) < chunk_bytes + 500 * 3000
    assert 4 * chunk_bytes < 200 * 3000 * 8


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}, {"level": 0.0}])
def test_an_undefined_bootstrap_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="is undefined; give 1 or more"):
        intervals(some_ranks(5), range(5), **options)
