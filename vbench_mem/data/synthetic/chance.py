"""Draws from a seed that are the same on every machine and in every version of Python."""

import random
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws that depend on `names` alone.

    Of Python's generator only `random()` is promised to stay as it is, so nothing else is used.
    """

    def __init__(self, *names: object) -> None:
        self.source = random.Random(" ".join(map(str, names)))

    def below(self, limit: int) -> int:
        """0 to `limit` - 1, each as likely."""
        return int(self.source.random() * limit)

    def within(self, limit: float) -> float:
        """-`limit` to `limit`, in few digits."""
        return round((2 * self.source.random() - 1) * limit, 4)

    def shuffled(self, items: Iterable[T]) -> list[T]:
        keyed = [(self.source.random(), place, item) for place, item in enumerate(items)]
        return [item for _, _, item in sorted(keyed, key=lambda entry: entry[:2])]
