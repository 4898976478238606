"""The pairs of a step: each once an epoch, equal captions apart, and reproducible."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from vbench_mem.accuracy.training.order import PairOrder
from vbench_mem.accuracy.training.seeds import seed_of


def order(captions: list[str], per_step: int, *words: int | str, clips: int = 0) -> PairOrder:
    """`clips` consecutive pairs share a clip; by default none do."""
    numbers = [number // (clips or 1) for number in range(len(captions))]
    return PairOrder(captions, numbers, per_step, *(words or (0, "stage")))


def names(count: int) -> list[str]:
    return [f"caption {number}" for number in range(count)]


def test_an_epoch_has_each_pair_at_most_once_and_leaves_out_less_than_a_step() -> None:
    made = order(names(23), 5)
    assert made.steps == 4
    for epoch in range(3):
        drawn = np.concatenate([made.pairs(4 * epoch + step) for step in range(4)])
        assert len(set(drawn.tolist())) == 20


def test_omitted_pairs_and_order_differ_between_epochs() -> None:
    made = order(names(23), 5)
    epochs = [np.concatenate([made.pairs(4 * e + step) for step in range(4)]) for e in range(4)]
    assert all(list(one) != list(other) for one, other in pairwise(epochs))
    assert len({frozenset(epoch.tolist()) for epoch in epochs}) > 1


def test_a_step_is_independent_of_earlier_requests() -> None:
    forward, backward = order(names(40), 6), order(names(40), 6)
    steps = {step: forward.pairs(step).tolist() for step in range(30)}
    assert {step: backward.pairs(step).tolist() for step in reversed(range(30))} == steps


def test_another_seed_stage_or_source_is_another_order() -> None:
    drawn = [
        order(names(40), 40, *words).pairs(0).tolist()
        for words in [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1)]
    ]
    assert len({tuple(each) for each in drawn}) == 4


@pytest.mark.parametrize("per_step", [4, 8])
def test_no_step_has_a_caption_twice_while_there_are_captions_enough(per_step: int) -> None:
    captions = [f"caption {number % 10}" for number in range(80)]
    made = order(captions, per_step)
    for step in range(3 * made.steps):
        taken = [captions[pair] for pair in made.pairs(step)]
        assert len(set(taken)) == per_step


def test_no_step_has_a_clip_twice_whose_captions_all_differ() -> None:
    made = order(names(120), 12, clips=10)  # of 12 clips
    for step in range(2 * made.steps):
        assert len({pair // 10 for pair in made.pairs(step).tolist()}) == 12


def test_with_fewer_captions_than_pairs_in_a_step_every_pair_is_used() -> None:
    captions = [f"caption {number % 3}" for number in range(30)]
    made = order(captions, 6)
    drawn = np.concatenate([made.pairs(step) for step in range(5)])
    assert sorted(drawn.tolist()) == list(range(30))
    counts = [Counter(captions[pair] for pair in made.pairs(step)) for step in range(5)]
    assert all(max(count.values()) == 2 for count in counts)  # spread as evenly as can be


def test_fewer_pairs_than_a_step_are_all_in_it() -> None:
    drawn = order(names(4), 10).pairs(0).tolist()
    assert len(drawn) == 10 and set(drawn) == {0, 1, 2, 3}
    assert max(Counter(drawn).values()) == 3


def test_seeds_of_unlike_words_differ_and_are_the_same_everywhere() -> None:
    assert seed_of(0, "ab", "c") != seed_of(0, "a", "bc")
    assert seed_of(0, "clips", 1) == 8079078796745586151
