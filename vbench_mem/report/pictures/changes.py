"""The change of memory and step time of each row of a comparison, as plain data."""

from dataclasses import dataclass

from vbench_mem.analysis.compare.differences import Judgement
from vbench_mem.report.marks import Mark

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One number of one row, as shares of what it was before: 0 where it is the same.

    old, new  the bands of a time, where it has them
    """

    share: float
    verdict: Judgement | None
    mark: Mark
    old: Span | None = None
    new: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One row of the figure; a number that is not there has no dot.

    ending  `ok -> oom`, where it is another: in the place of the dots
    """

    label: str
    ending: str | None
    memory: Dot | None
    time: Dot | None
