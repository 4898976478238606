"""T2V R@1 of trainings on both sides, paired by seed. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from vbench_mem.analysis.compare.differences import Judgement, Matched
from vbench_mem.analysis.compare.pairing import core
from vbench_mem.analysis.scores.measured import BenchmarkKey, results_of
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import seed_of
from vbench_mem.matrix.axes import shown
from vbench_mem.running.record import Record

FEWEST = 3  # seeds; fewer may all differ in one direction by chance


@dataclass(frozen=True)
class Recall:
    """One encoder on one benchmark, shares by seed."""

    label: str
    benchmark: str
    seeds: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def differences(self) -> tuple[float, ...]:
        return tuple(new - old for old, new in zip(self.before, self.after, strict=True))

    @property
    def is_same(self) -> bool:
        return self.before == self.after

    @property
    def verdict(self) -> Judgement:
        """Better or worse only if every seed is."""
        if len(self.seeds) < FEWEST:
            return Judgement.UNJUDGED
        if all(each < 0 for each in self.differences):
            return Judgement.WORSE
        return Judgement.BETTER if all(each > 0 for each in self.differences) else Judgement.NOISE

    @property
    def text(self) -> str:
        """`+1.2 ± 0.4 points`."""
        return f"{Spread(self.differences).percent('+')} points"


def recalls(pairs: Sequence[Matched]) -> list[Recall]:
    """One for each encoder and benchmark with results on both sides."""
    found: dict[tuple[str, BenchmarkKey], tuple[str, str, list[tuple[int, float, float]]]] = {}
    for pair in pairs:
        cell = pair.before.cell
        if cell is None or cell.training is None:
            continue
        label = pair.label.removesuffix(f" {shown('seed', seed_of(cell))}")
        old, new = recalls_of(pair.before.record), recalls_of(pair.after.record)
        for key in (key for key in old if key in new):
            _, _, some = found.setdefault((core(cell), key), (label, old[key][0], []))
            some.append((seed_of(cell), old[key][1], new[key][1]))
    return [
        Recall(label, benchmark, *zip(*sorted(some), strict=True))
        for label, benchmark, some in found.values()
    ]


def recalls_of(record: Record | None) -> dict[BenchmarkKey, tuple[str, float]]:
    """Short name of the benchmark and recall, by benchmark; empty if the results are malformed."""
    if record is None:
        return {}
    try:
        results = results_of(record)
    except (TypeError, ValueError):
        return {}
    return {each.key: (each.short, each.recall) for each in results if isfinite(each.recall)}
