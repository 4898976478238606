"""Chance in closed form against all orders of small galleries, one after another."""

from itertools import permutations
from statistics import mean

import pytest

from tests.accuracy.retrieval.made import chance, made, slow_query
from vbench_mem.accuracy.retrieval.answers import Answers
from vbench_mem.accuracy.retrieval.chance import chance_of
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Caption


@pytest.mark.parametrize(
    "grades", [(1.0,), (1.0, 1.0), (0.5, 1.0, 0.25), (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)]
)
def test_chance_is_the_mean_over_all_orders(grades: tuple[float, ...]) -> None:
    gallery, right = 6, tuple(range(len(grades)))
    answers = Answers(
        gallery=gallery, queries=(0,), right=(right,), grades=(grades,), clusters=(0,)
    )
    found = chance_of(answers)
    orders = [slow_query(order, right, grades) for order in permutations(range(gallery))]
    ranks, precisions, gains, gains_cut = zip(*orders, strict=True)
    for k in (1, 5, 10):
        assert found[f"recall_at_{k}"] == pytest.approx(mean(float(rank <= k) for rank in ranks))
    assert found["mean_rank"] == pytest.approx(mean(map(float, ranks)))
    assert found["mean_average_precision"] == pytest.approx(mean(precisions))
    assert found["ndcg"] == pytest.approx(mean(gains))
    assert found["ndcg_at_10"] == pytest.approx(mean(gains_cut))


def test_one_right_clip_of_a_thousand_is_found_as_often_as_places_are_looked_at() -> None:
    benchmark = made(*((clip,) for clip in range(1000)), clips=1000)
    for found in chance(benchmark).values():
        assert [found[f"recall_at_{k}"] for k in (1, 5, 10)] == pytest.approx([1e-3, 5e-3, 1e-2])
        assert found["mean_rank"] == 500.5


def several() -> Benchmark:
    return made((0,), (0,), (1,), (2,), (2,), (2,), clips=5)


def test_queries_with_more_right_answers_have_a_better_chance() -> None:
    every = chance(several())
    assert every["t2v"]["recall_at_1"] == pytest.approx(1 / 5)
    assert every["v2t"]["recall_at_1"] == pytest.approx((2 / 6 + 1 / 6 + 3 / 6) / 3)
    grouped = chance(several(), "grouped_captions")
    assert grouped["v2t"]["recall_at_1"] == pytest.approx(1 / 3)
    first = chance(several(), "first_caption")
    assert (first["t2v"]["mean_rank"], first["v2t"]["mean_rank"]) == (3, 2)


def test_an_ndcg_at_10_of_a_long_gallery_looks_at_ten_places() -> None:
    graded = made(
        Caption(text="a", clips=tuple(range(30)), grades=(2.0,) * 30), (0,), (1,), clips=300
    )
    found = chance(graded)["t2v"]
    # a tenth of all places is right for the first caption, and its ideal fills all ten
    assert found["ndcg_at_10"] < found["ndcg"]
    one_of_three = (0.1 + 2 * found_for_one(300)) / 3
    assert found["ndcg_at_10"] == pytest.approx(one_of_three)


def found_for_one(gallery: int) -> float:
    one = Answers(gallery=gallery, queries=(0,), right=((0,),), grades=((1.0,),), clusters=(0,))
    return chance_of(one)["ndcg_at_10"]


def test_a_benchmark_that_cannot_be_ranked_has_no_chance() -> None:
    with pytest.raises(UsageError, match="no right clip"):
        chance(made((0,), (1,), (), clips=2))
