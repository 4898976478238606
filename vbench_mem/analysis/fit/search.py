"""The last value whose size is within a limit, where sizes grow with the value. Pure; no torch.

Sizes are nearly affine in the value, and constant for small values, so that a straight line through
two of them meets the limit at the edge or next to it. Both sides of the edge are evaluated.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

GROWTH = 4  # factor of the next guess where two sizes are equal and give no line


@dataclass(frozen=True)
class Edge:
    """Where a size crosses its limit.

    largest  the last value that fits; None where the first does not
    beyond   the next value, which does not fit; None where the last of all fits
    sizes    every evaluation, by value
    """

    largest: int | None
    beyond: int | None
    sizes: dict[int, int]

    @property
    def at_zero(self) -> int:
        """The size at value 0 on the line through the smallest and the largest value tried."""
        (x1, y1), (x2, y2) = min(self.sizes.items()), max(self.sizes.items())
        return 0 if x1 == x2 else max(0, round(y1 - x1 * (y2 - y1) / (x2 - x1)))


def find_edge(
    values: Sequence[int],
    size: Callable[[int], int],
    limit: int,
    start: int | None = None,
    at_zero: int = 0,
) -> Edge:
    """Search ascending `values`, first at `start` (or the nearest above it).

    `at_zero` is a guess of the size at value 0: a good one saves an evaluation, a bad one costs
    some. Check: brute force. Raises `ValueError` for no values.
    """
    if not values:
        raise ValueError("no values to search")
    low, high = -1, len(values)  # the last place known to fit, the first known not to
    sizes: dict[int, int] = {}
    place = 0 if start is None else min(bisect_left(values, start), high - 1)
    while high - low > 1:
        sizes[place] = size(values[place])
        if sizes[place] <= limit:
            low = place
        else:
            high = place
        # Each fourth guess is no line, so that the bracket halves however the sizes bend.
        guess = None if len(sizes) % 4 == 0 else guess_by_line(values, sizes, limit, at_zero)
        if guess is None:
            is_bracketed = low >= 0 and high < len(values)
            guess = (low + high) // 2 if is_bracketed else GROWTH * (low + 1)
        place = max(low + 1, min(guess, high - 1))
    return Edge(
        largest=values[low] if low >= 0 else None,
        beyond=values[high] if high < len(values) else None,
        sizes={values[place]: sizes[place] for place in sorted(sizes)},
    )


def guess_by_line(
    values: Sequence[int], sizes: Mapping[int, int], limit: int, at_zero: int
) -> int | None:
    """The last place before a line through two sizes, in the order tried, meets the limit; None for
    equal sizes.

    With one size only, the line goes through `at_zero`. Where that is 0 the guess is low, since
    constant parts such as weights are taken to grow as well.
    """
    fitting = sorted(place for place in sizes if sizes[place] <= limit)
    others = sorted(place for place in sizes if sizes[place] > limit)
    ends = [*fitting[-2:], *others[:2]]
    if fitting and others:
        latest = list(sizes)[-2:]
        is_bent = latest in (fitting[-2:], others[1::-1])  # twice on one side of the limit
        ends = latest if is_bent and len(sizes) % 2 else [fitting[-1], others[0]]
    points = [(values[place], sizes[place]) for place in ends]
    (x1, y1), (x2, y2) = [*points, (0, at_zero)][:2]
    if y1 == y2:
        return None
    return bisect_right(values, x1 + (limit - y1) * (x2 - x1) / (y2 - y1)) - 1
