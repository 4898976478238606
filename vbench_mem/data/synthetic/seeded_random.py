"""Random draws from a seed, the same on every machine and in every version of Python."""

import random
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """Draws that depend on `names` alone.

    Uses only `random()` of Python's generator, the one method that is guaranteed not to change.
    """

    def __init__(self, *names: object) -> None:
        self.source = random.Random(" ".join(map(str, names)))

    def below(self, limit: int) -> int:
        """0 to `limit` - 1, uniformly."""
        return int(self.source.random() * limit)

    def within(self, limit: float) -> float:
        """-`limit` to `limit`, rounded to 4 digits."""
        return round((2 * self.source.random() - 1) * limit, 4)

    def shuffled(self, items: Iterable[T]) -> list[T]:
        keyed = [(self.source.random(), place, item) for place, item in enumerate(items)]
        return [item for _, _, item in sorted(keyed, key=lambda entry: entry[:2])]
