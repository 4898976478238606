"""The last value whose size is within a limit, where sizes grow with the value. Pure; no torch.

Sizes are nearly affine in the value, and constant for small values, so that a straight line through
two of them meets the limit at the edge or next to it. Both sides of the edge are always evaluated:
the answer is known to fit and the next value is known not to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MAX_STALLS = 3  # guesses along a line after which the bracket must have halved
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
    place = 0 if start is None else min(bisect_left(values, start), len(values) - 1)
    bracket = BracketSearch(values, limit, high=len(values), at_zero=at_zero)
    while bracket.high - bracket.low > 1:
        bracket.learn(place, size(values[place]))
        place = bracket.next_place()
    return Edge(
        largest=values[bracket.low] if bracket.low >= 0 else None,
        beyond=values[bracket.high] if bracket.high < len(values) else None,
        sizes={values[place]: bracket.sizes[place] for place in sorted(bracket.sizes)},
    )


@dataclass
class BracketSearch:
    """The state of a search, by places among the values.

    low, high  the last place known to fit, the first known not to
    widths     their distance after each guess
    stride     the step from a guess that was tried already
    """

    values: Sequence[int]
    limit: int
    high: int
    low: int = -1
    at_zero: int = 0
    sizes: dict[int, int] = field(default_factory=dict)  # in the order tried
    widths: list[int] = field(default_factory=list)
    stride: int = 1

    @property
    def is_bracketed(self) -> bool:
        return self.low >= 0 and self.high < len(self.values)

    def learn(self, place: int, size: int) -> None:
        self.sizes[place] = size
        if size <= self.limit:
            self.low = place
        else:
            self.high = place
        self.widths.append(self.high - self.low)

    def next_place(self) -> int:
        guess = None if self.is_slow() else self.guess_by_line()
        if guess is None:
            guess = (self.low + self.high) // 2 if self.is_bracketed else GROWTH * (self.low + 1)
        elif guess <= self.low:  # that place was tried: step on, farther each time
            guess, self.stride = self.low + self.stride, 2 * self.stride
        elif guess >= self.high:
            guess, self.stride = self.high - self.stride, 2 * self.stride
        return max(self.low + 1, min(guess, self.high - 1))

    def is_slow(self) -> bool:
        """Sizes are not on a line: too many guesses since the bracket halved, or without one."""
        if not self.is_bracketed:
            return len(self.widths) > 2 * MAX_STALLS
        return len(self.widths) > MAX_STALLS and 2 * self.widths[-1] > self.widths[-1 - MAX_STALLS]

    def guess_by_line(self) -> int | None:
        """The last place before a line through two sizes meets the limit; None for equal sizes.

        With one size only, the line goes through `at_zero`. Where that is 0 the guess is low, since
        constant parts such as weights are taken to grow as well.
        """
        points = [(self.values[place], self.sizes[place]) for place in self.ends()]
        (x1, y1), (x2, y2) = [*points, (0, self.at_zero)][:2]
        if y1 == y2:
            return None
        return bisect_right(self.values, x1 + (self.limit - y1) * (x2 - x1) / (y2 - y1)) - 1

    def ends(self) -> list[int]:
        """The places that give the line: both sides of the edge, or the two nearest to it."""
        if self.is_bracketed:
            latest = list(self.sizes)[-2:]
            bent = len({self.sizes[place] <= self.limit for place in latest}) == 1
            return latest if bent and len(self.sizes) % 2 else [self.low, self.high]
        return sorted(self.sizes, reverse=self.low >= 0)[:2]
