"""The Pareto frontier: of cost and gain, or of any number of costs. Pure numbers, no rows."""

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (cost, gain) points that no other point beats, by rising cost.

    A point beats another when it costs no more and gains no less, and differs from it in one of
    the two. Points that are equal in both all stay. Check: equals comparing every pair.
    """
    best: list[int] = []
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1], i))
    for i in order:
        if not best or points[i][1] > points[best[-1]][1] or points[i] == points[best[-1]]:
            best.append(i)
    return best


def beats(one: Sequence[float], other: Sequence[float]) -> bool:
    """No cost is higher and at least one is lower. A gain is a negative cost."""
    return tuple(one) != tuple(other) and all(
        mine <= its for mine, its in zip(one, other, strict=True)
    )


def beaten_by(costs: Sequence[Sequence[float]]) -> list[int | None]:
    """For each point the first point of the frontier that beats it; None for the frontier's own."""
    best = [i for i, some in enumerate(costs) if not any(beats(other, some) for other in costs)]
    return [next((i for i in best if beats(costs[i], some)), None) for some in costs]
