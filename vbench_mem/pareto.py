"""The Pareto frontier of cost (down) and gain (up). Pure numbers; knows nothing of rows."""

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (cost, gain) points that no other point beats, by rising cost.

    A point beats another when it costs no more and gains no less, and differs from it in one of
    the two. So of equal cost the largest gain stays, of equal gain the smallest cost, and points
    that are equal in both all stay.
    Check: equals comparing every pair.
    """
    best: list[int] = []
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1], i))
    for i in order:
        if not best or points[i][1] > points[best[-1]][1] or points[i] == points[best[-1]]:
            best.append(i)
    return best
