"""The search against brute force, on sizes that are made up."""

import itertools
import random
from collections.abc import Callable

import pytest

from vbench_mem.analysis.fit.search import Edge, find_edge

Size = Callable[[int], int]
SIZES: dict[str, Size] = {
    "affine": lambda n: 1000 + 37 * n,
    "through zero": lambda n: 50 * n,
    "in steps": lambda n: 512 * -(-(300 + 11 * n) // 512),
    "a plateau and a cliff": lambda n: 100 if n < 700 else 100_000 + n,
    "square": lambda n: 10 + n * n,
    "cube": lambda n: n**3 // 10,
    "level, then a line": lambda n: max(25_000, 16_000 + 164 * n),
    "a line, then square": lambda n: 5000 + 90 * n + n * n // 500,
    "root": lambda n: int(1000 * n**0.5),
    "level": lambda n: 5000,
    "a jump on a line": lambda n: 3 * n + (40_000 if n >= 130 else 0),
}


def brute(values: range, size: Size, limit: int) -> tuple[int | None, int | None]:
    """The answer by asking every value."""
    fitting = [value for value in values if size(value) <= limit]
    above = [value for value in values if size(value) > limit]
    return (max(fitting, default=None), min(above, default=None))


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("values", [range(1, 4097), range(2, 4097, 2), range(16, 900, 7)])
def test_the_edge_is_the_one_that_brute_force_finds(name: str, values: range) -> None:
    size = SIZES[name]
    draw = random.Random(name)
    sizes = sorted({size(value) for value in values})
    limits = [sizes[0] - 1, sizes[0], sizes[-1] - 1, sizes[-1], sizes[-1] + 1]
    limits += [draw.randint(sizes[0], sizes[-1]) for _ in range(20)]
    for limit in limits:
        for start in (None, 1, 16, 8000):
            edge = find_edge(values, size, limit, start)
            assert (edge.largest, edge.beyond) == brute(values, size, limit)
            assert edge.sizes == {value: size(value) for value in edge.sizes}
            assert len(edge.sizes) <= most_guesses(len(values))


def most_guesses(count: int) -> int:
    """What no size may exceed: a halving for every four guesses."""
    return 6 + 4 * count.bit_length()


@pytest.mark.parametrize("seed", range(40))
def test_any_size_that_never_falls_is_searched_to_its_edge(seed: int) -> None:
    draw = random.Random(seed)
    values = range(1, draw.choice([2, 30, 1000, 4000]), draw.choice([1, 2, 5]))
    steps = [draw.choice([0, 0, 1, 50, 10**6]) * draw.random() for _ in range(4001)]
    heights = [int(height) for height in itertools.accumulate(steps)]
    size = heights.__getitem__
    for _ in range(10):
        limit = draw.randint(0, heights[-1])
        edge = find_edge(values, size, limit, draw.choice(values))
        assert (edge.largest, edge.beyond) == brute(values, size, limit)
        assert len(edge.sizes) <= most_guesses(len(values))


def test_both_sides_of_the_edge_were_evaluated() -> None:
    edge = find_edge(range(2, 4097, 2), SIZES["in steps"], 9000, 16)
    assert edge.largest in edge.sizes and edge.beyond in edge.sizes
    assert edge.sizes[edge.largest] <= 9000 < edge.sizes[edge.beyond]
    assert edge.beyond == edge.largest + 2


@pytest.mark.parametrize("limit", [5000, 9999, 70_000, 151_000])
@pytest.mark.parametrize("name", ["affine", "through zero"])
def test_a_straight_line_takes_at_most_five_evaluations(name: str, limit: int) -> None:
    assert len(find_edge(range(1, 4097), SIZES[name], limit, 16).sizes) <= 5


@pytest.mark.parametrize("limit", [26_000, 30_000, 90_000, 400_000])
@pytest.mark.parametrize("start", [2, 16])
def test_a_line_that_begins_level_takes_at_most_ten(limit: int, start: int) -> None:
    # the optimiser's step is as large for few frames as for fewer
    assert len(find_edge(range(1, 65_537), SIZES["level, then a line"], limit, start).sizes) <= 10


def test_a_good_guess_of_the_size_at_zero_saves_an_evaluation() -> None:
    edge = find_edge(range(1, 4097), SIZES["affine"], 70_000, 16)
    assert edge.at_zero == 1000
    again = find_edge(range(1, 4097), SIZES["affine"], 70_000, 16, edge.at_zero)
    assert (again.largest, again.beyond) == (edge.largest, edge.beyond)
    assert len(again.sizes) == 3 < len(edge.sizes)


@pytest.mark.parametrize("at_zero", [1, 10**4, 10**12])
@pytest.mark.parametrize("name", SIZES)
def test_a_bad_guess_at_it_never_moves_the_edge(name: str, at_zero: int) -> None:
    values, size = range(1, 900), SIZES[name]
    for limit in (size(1), size(3), size(70), size(899) - 1):
        edge = find_edge(values, size, limit, 16, at_zero)
        assert (edge.largest, edge.beyond) == brute(values, size, limit)
        assert len(edge.sizes) <= most_guesses(len(values))


def test_nothing_fits() -> None:
    edge = find_edge(range(4, 100, 2), SIZES["affine"], 1000, 16)
    assert (edge.largest, edge.beyond) == (None, 4)
    assert edge.sizes[4] > 1000


def test_the_bound_is_reached_and_nothing_is_beyond_it() -> None:
    edge = find_edge(range(1, 4097), SIZES["affine"], 10**9, 16)
    assert (edge.largest, edge.beyond) == (4096, None)
    assert edge.sizes[4096] <= 10**9


def test_a_single_value_is_enough_to_search() -> None:
    assert find_edge(range(3, 4), SIZES["affine"], 10**6) == Edge(3, None, {3: 1111})
    assert find_edge(range(3, 4), SIZES["affine"], 10) == Edge(None, 3, {3: 1111})


def test_values_that_are_not_evenly_spaced() -> None:
    values = (1, 2, 5, 9, 40, 41, 1000)
    edge = find_edge(values, SIZES["affine"], 1000 + 37 * 40, 5)
    assert (edge.largest, edge.beyond) == (40, 41)


def test_searching_no_values_is_an_error() -> None:
    with pytest.raises(ValueError, match="no values to search"):
        find_edge((), SIZES["affine"], 10)
