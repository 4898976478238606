"""The frontier against a comparison of every pair, ties included."""

import random

from vbench_mem.pareto import frontier


def brute(points: list[tuple[float, float]]) -> set[int]:
    def beats(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    return {i for i, p in enumerate(points) if not any(beats(q, p) for q in points)}


def test_the_frontier_equals_comparing_every_pair() -> None:
    dice = random.Random(0)
    for _ in range(300):
        # few distinct values, so that ties in one and in both are common
        points = [(dice.randint(0, 6), dice.randint(0, 6)) for _ in range(dice.randint(0, 14))]
        found = frontier(points)
        assert set(found) == brute(points)
        assert [points[i][0] for i in found] == sorted(points[i][0] for i in found)


def test_ties_equal_points_stay_and_half_equal_ones_go() -> None:
    assert frontier([(1, 1), (1, 1)]) == [0, 1]
    assert frontier([(1, 1), (1, 2)]) == [1]
    assert frontier([(1, 1), (2, 1)]) == [0]
    assert frontier([]) == []
