"""The last value whose size is within a limit, of a size that grows with it. Pure; no torch.

Sizes are nearly affine in what is searched, so that a straight line through two of them lands on
the edge or next to it. Both sides of the edge are always evaluated: what is answered was seen to
fit, and the next value was seen not to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

STRAIGHT = 12  # guesses along a line; a size that is no line is halved from then on


@dataclass(frozen=True)
class Edge:
    """Where a size crosses its limit.

    largest  the last value that fits; None where not even the first does
    beyond   the next value, which does not fit; None where even the last of all fits
    sizes    every evaluation, by value
    """

    largest: int | None
    beyond: int | None
    sizes: dict[int, int]


def find_edge(
    values: Sequence[int], size: Callable[[int], int], limit: int, start: int | None = None
) -> Edge:
    """Search ascending `values`, first at `start` (or the nearest above it).

    Check: brute force. Raises `ValueError` for no values at all.
    """
    if not values:
        raise ValueError("nothing to search: no value is allowed")
    sizes: dict[int, int] = {}
    low, high = -1, len(values)  # the last place known to fit, the first known not to
    place = 0 if start is None else min(bisect_left(values, start), high - 1)
    stride = 1
    while high - low > 1:
        sizes[values[place]] = size(values[place])
        if sizes[values[place]] <= limit:
            low = place
        else:
            high = place
        guess = place_of(values, straight(sizes, limit))
        if guess is None or len(sizes) > STRAIGHT:
            place = (low + high) // 2
        elif guess <= low:  # the line ends where we are: step on, farther each time
            place, stride = low + stride, 2 * stride
        elif guess >= high:
            place, stride = high - stride, 2 * stride
        else:
            place = guess
        place = max(low + 1, min(place, high - 1))
    return Edge(
        largest=values[low] if low >= 0 else None,
        beyond=values[high] if high < len(values) else None,
        sizes=dict(sorted(sizes.items())),
    )


def straight(sizes: dict[int, int], limit: int) -> float | None:
    """Where a line through the two sizes nearest to the limit meets it; None for a level line.

    Of one size alone the line goes through zero, which errs towards it: what is there at any value
    (weights, say) is taken to grow as well.
    """
    known = [*sorted(sizes.items(), key=lambda point: abs(point[1] - limit)), (0, 0)]
    (x1, y1), (x2, y2) = known[:2]
    if y1 == y2:
        return None
    return x1 + (limit - y1) * (x2 - x1) / (y2 - y1)


def place_of(values: Sequence[int], value: float | None) -> int | None:
    """The place of the last value that is not above this one."""
    return None if value is None else bisect_right(values, value) - 1
