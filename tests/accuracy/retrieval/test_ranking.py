"""Ranks and what follows from them: against a double loop, against trec_eval, and by hand."""

import pytest
import pytrec_eval
import torch

from tests.accuracy.retrieval.made import Matrix, slow_measures, some_answers, tied_matrix
from vbench_mem.accuracy.retrieval.answers import Answers
from vbench_mem.accuracy.retrieval.measures import measures
from vbench_mem.accuracy.retrieval.ranking import rank
from vbench_mem.accuracy.retrieval.similarity import ExactCosine
from vbench_mem.base.errors import UsageError
from vbench_mem.probes.storages import StorageTracker

SMALL = 4000  # bytes; blocks of a few rows and columns


@pytest.mark.parametrize("most", [1, 2, 7, 23])
@pytest.mark.parametrize("values", [2, 5, 10**6])
def test_measures_equal_a_double_loop_however_many_tie_or_are_right(most: int, values: int) -> None:
    answers = some_answers(29, 23, most, seed=most)
    similarity = tied_matrix(29, 23, values, seed=values)
    expected = slow_measures(similarity.tolist(), answers)
    for chunk_bytes in (SMALL, 2**20):
        assert measures(rank(Matrix(similarity), answers, chunk_bytes)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_measures_equal_those_of_trec_eval(seed: int) -> None:
    answers = some_answers(25, 60, 1 + 5 * seed, seed)
    similarity = tied_matrix(25, 60, (8, 1000)[seed % 2], seed)
    relevance, run = {}, {}
    for query, (right, grades) in enumerate(zip(answers.right, answers.grades, strict=True)):
        fourths = {item: int(4 * grade) for item, grade in zip(right, grades, strict=True)}
        # of equal ones it takes the later name first
        names = [f"{9 - fourths.get(item, 0)}-{item}" for item in range(60)]
        relevance[str(query)] = {names[item]: grade for item, grade in fourths.items()}
        run[str(query)] = dict(zip(names, similarity[query].tolist(), strict=True))
    asked = {"map", "ndcg", "ndcg_cut.10", "success.1,5,10", "recip_rank"}
    theirs = pytrec_eval.RelevanceEvaluator(relevance, asked).evaluate(run)
    ours = rank(Matrix(similarity), answers)
    for query, rank_1, precision, gain, gain_cut in zip(
        *(range(25), ours.rank_Q, ours.average_precision_Q, ours.ndcg_Q, ours.ndcg_cut_Q),
        strict=True,
    ):
        expected = theirs[str(query)]
        assert 1 / int(rank_1) == pytest.approx(expected["recip_rank"], abs=1e-6)
        assert float(precision) == pytest.approx(expected["map"], abs=1e-6)
        assert float(gain) == pytest.approx(expected["ndcg"], abs=1e-6)
        assert float(gain_cut) == pytest.approx(expected["ndcg_cut_10"], abs=1e-6)
        for k in (1, 5, 10):
            assert float(rank_1 <= k) == expected[f"success_{k}"]


def one_right(*right: int, gallery: int) -> Answers:
    numbers = tuple(range(len(right)))
    ones = ((1.0,),) * len(right)
    each = tuple((item,) for item in right)
    return Answers(gallery=gallery, queries=numbers, right=each, grades=ones, clusters=numbers)


def test_a_hand_made_matrix_has_the_ranks_that_one_counts() -> None:
    similarity = torch.tensor(
        [
            [0.9, 0.1, 0.2, 0.3],  # first
            [0.9, 0.8, 0.1, 0.0],  # one before it
            [0.5, 0.7, 0.5, 0.5],  # one before it, two tied with it
            [0.2, 0.2, 0.2, 0.2],  # all tied
        ]
    )
    ranked = rank(Matrix(similarity), one_right(0, 1, 2, 3, gallery=4))
    assert ranked.rank_Q.tolist() == [1, 2, 4, 4]
    found = measures(ranked)
    assert found["recall_at_1"] == 0.25
    assert found["recall_at_5"] == 1
    assert found["median_rank"] == 3
    assert found["mean_rank"] == 2.75
    assert found["mean_average_precision"] == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 4) / 4)


def test_several_right_answers_do_not_stand_in_each_others_way() -> None:
    answers = Answers(
        gallery=5, queries=(0,), right=((0, 1, 2),), grades=((1.0, 1.0, 1.0),), clusters=(0,)
    )
    tied = torch.tensor([[0.5, 0.5, 0.5, 0.4, 0.1]])
    ranked = rank(Matrix(tied), answers)
    assert ranked.rank_Q.tolist() == [1]
    assert ranked.average_precision_Q.tolist() == [1.0]
    one_wrong_among_them = torch.tensor([[0.9, 0.7, 0.5, 0.7, 0.1]])
    ranked = rank(Matrix(one_wrong_among_them), answers)
    assert ranked.rank_Q.tolist() == [1]  # of the best one
    assert ranked.average_precision_Q.tolist() == pytest.approx([(1 + 2 / 3 + 3 / 4) / 3])


def test_of_equally_similar_right_answers_the_lower_graded_is_counted_first() -> None:
    answers = Answers(gallery=2, queries=(0,), right=((0, 1),), grades=((1.0, 0.5),), clusters=(0,))
    worse = rank(Matrix(torch.tensor([[0.4, 0.6]])), answers).ndcg_Q
    better = rank(Matrix(torch.tensor([[0.6, 0.4]])), answers).ndcg_Q
    tied = rank(Matrix(torch.tensor([[0.5, 0.5]])), answers).ndcg_Q
    assert better.tolist() == [1.0]
    assert tied.tolist() == worse.tolist() < better.tolist()


@pytest.mark.parametrize("most", [1, 5, 40])
@pytest.mark.parametrize("chunk_bytes", [200_000, 1_000_000])
def test_memory_stays_within_the_chunk_and_the_right_answers(most: int, chunk_bytes: int) -> None:
    queries, gallery, width = 700, 900, 24
    generator = torch.Generator().manual_seed(0)
    texts = torch.randn(queries, width, generator=generator)
    clips = torch.randn(gallery, width, generator=generator)
    answers = some_answers(queries, gallery, most, seed=1)
    whole_bytes = queries * gallery * 8
    for_right_bytes = 200 * sum(map(len, answers.right))
    assert whole_bytes > 5 * chunk_bytes
    with StorageTracker() as tracker:
        tracker.track([texts, clips])
        rank(ExactCosine(texts, clips), answers, chunk_bytes)
    given_bytes = texts.nbytes + clips.nbytes
    peak_bytes = max(tracker.timeline.levels())
    assert peak_bytes - given_bytes <= chunk_bytes + for_right_bytes
    assert peak_bytes - given_bytes >= chunk_bytes / 4  # what may be used is used


def test_a_chunk_too_small_for_one_similarity_is_refused_and_the_stated_minimum_works() -> None:
    answers = some_answers(3, 4, 2, seed=0)
    similarity = Matrix(tied_matrix(3, 4, 9, seed=0))
    with pytest.raises(UsageError, match="chunk_bytes 10 has no room") as caught:
        rank(similarity, answers, chunk_bytes=10)
    least = int(str(caught.value).split("give ")[1].split()[0])
    assert rank(similarity, answers, least).rank_Q.equal(rank(similarity, answers).rank_Q)
