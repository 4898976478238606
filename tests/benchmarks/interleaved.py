"""Runs alternatives in turn in one process, so that other load on the machine affects all equally.

Never compares with a number from another run: only ratios of one run mean anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table


def take_turns(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every call. One call each first, which is not counted; then `rounds` rounds, each
    beginning with another contestant."""
    for call in contestants.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = perf_counter()
            contestants[name]()
            seconds[name].append(perf_counter() - start)
    return seconds


@dataclass(frozen=True)
class Target:
    """A ratio, or a number of seconds, that should not be exceeded."""

    what: str
    value: float
    limit: float

    def __str__(self) -> str:
        verdict = "met" if self.value <= self.limit else "MISSED"
        return f"{self.what}: {self.value:.3f}, target <= {self.limit:g}: {verdict}"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median over the rounds of ours over theirs in the same round."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def show(columns: list[str], rows: list[list[str]], *targets: Target) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console = Console(width=100, highlight=False)
    console.print(table)
    for target in targets:
        console.print(str(target))
