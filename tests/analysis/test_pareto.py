"""The frontier against a comparison of every pair, ties included."""

import random

from vbench_mem.analysis.pareto import beaten_by, frontier


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


def test_a_beaten_point_is_beaten_by_a_point_of_the_frontier() -> None:
    dice = random.Random(1)
    for _ in range(100):
        costs = [tuple(dice.randint(0, 3) for _ in range(3)) for _ in range(12)]
        found = beaten_by(costs)
        for some, best in zip(costs, found, strict=True):
            stronger = {
                other
                for other in costs
                if other != some and all(a <= b for a, b in zip(other, some, strict=True))
            }
            assert (best is None) == (not stronger)
            assert best is None or (costs[best] in stronger and found[best] is None)


def test_two_costs_have_the_frontier_of_cost_and_gain() -> None:
    dice = random.Random(2)
    points = [(dice.randint(0, 9), dice.randint(0, 9)) for _ in range(60)]
    best = {i for i, by in enumerate(beaten_by([(x, -y) for x, y in points])) if by is None}
    assert best == set(frontier(points))
