"""What the figures show, as plain data: which rows become which points. No matplotlib.

A row that ran out of memory is a point on its machine's limit, never a gap. Published scores are
points of their own and take no part in a frontier.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.matrix.axes import SETTINGS
from vbench_mem.matrix.conditions import check_when, matches
from vbench_mem.report.scheme import INSIDE, Scheme, scheme_of, series_name

NEAR = 4  # a budget farther than this from every peak would squash the lines
Basis = Literal["measured", "predicted"]


@dataclass(frozen=True, kw_only=True)
class PlotPoint:
    """A row in a figure, as one of the marks of a series.

    memory  bytes: the peak of a row, or the limit of one that ran out of memory; None where it is
            not known
    basis   a row that was not run is placed by its prediction
    """

    row: Row
    series: str
    scheme: Scheme
    memory: int | None = None
    basis: Basis = "measured"
    score: AnyScore | None = None

    @property
    def frames(self) -> int:
        return self.row.cell.load.frames

    @property
    def colour(self) -> str:
        return self.scheme.colour(self.row, self.series)

    @property
    def marker(self) -> str:
        return self.scheme.marker(self.row, self.series)

    @property
    def groups(self) -> tuple[str, str]:
        """What its colour and its marker stand for, as a legend names them that has no room for
        every series."""
        scheme = self.scheme
        return scheme.group(self.row, self.series), scheme.rest(self.row, self.series)

    @property
    def predicted(self) -> int | None:
        """Bytes that are predicted, also where the row ran."""
        size = self.row.metric(PREDICTED_MEMORY)
        return None if size is None else int(size)

    @property
    def bytes(self) -> int:
        """`memory` of a point that has one."""
        assert self.memory is not None
        return self.memory

    @property
    def size(self) -> float:
        """`bytes` in the unit of the figure."""
        return self.bytes / self.scheme.unit.bytes


@dataclass(frozen=True, kw_only=True)
class ValuePoint(PlotPoint):
    """A row on two axes, in their units; `low` to `high` is what it spreads over on the second
    one, where that is known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


def series_of(row: Row, scheme: Scheme) -> str:
    """The row's label without its frames: one line of a figure."""
    rest = [n for n in scheme.varying if n != "frames" and SETTINGS[n].section not in INSIDE]
    return series_name(row, rest)


def point_of(row: Row, scheme: Scheme, score: AnyScore | None = None) -> PlotPoint:
    """The row's point, with the limit that it ran into, else its measured or predicted peak."""
    size = row.metric(MEMORY if row.is_ok else PREDICTED_MEMORY)
    size = row.limit_bytes if row.is_out_of_memory else size
    return PlotPoint(
        row=row,
        series=series_of(row, scheme),
        scheme=scheme,
        memory=None if size is None else int(size),
        basis="measured" if row.is_ok or row.is_out_of_memory else "predicted",
        score=score,
    )


def memory_points(joined: Joined) -> list[PlotPoint]:
    """Every row that a figure of memory can show, in the matrix's order."""
    scheme = scheme_of(joined)
    found = (point_of(row, scheme) for row in joined.rows)
    return [point for point in found if point.memory]


def limits_of(row: Row, joined: Joined, metrics: Sequence[str]) -> list[float]:
    """The most that budgets on these metrics allow the row."""
    return [
        budget.limit
        for budget in joined.matrix.budgets
        if budget.metric in metrics
        and budget.kind == "max"
        and matches(row.facts, check_when(budget.where))
    ]


def limit_of(joined: Joined, row: Row) -> float:
    """The least bytes that a budget allows the row; infinite without one."""
    return min(limits_of(row, joined, (MEMORY, PREDICTED_MEMORY)), default=math.inf)


def memory_budgets(joined: Joined, points: Iterable[PlotPoint]) -> list[float]:
    """The most bytes that budgets allow rows among the points, where that is near what is drawn."""
    points = list(points)
    sizes = [point.bytes for point in points]
    allowed = {limit for point in points for limit in limits_of(point.row, joined, (MEMORY,))}
    return [limit for limit in sorted(allowed) if min(sizes) / NEAR <= limit <= NEAR * max(sizes)]


def step_word(points: Iterable[PlotPoint]) -> str:
    """What a caption calls what was run or predicted at these points."""
    modes = {point.row.cell.load.mode for point in points}
    if modes == {"embed"}:
        return "embedding a batch"
    return "a step, of training or of embedding" if "embed" in modes else "a training step"


def memory_word(points: Iterable[PlotPoint]) -> str:
    """What an axis or a caption calls the memory of these points."""
    known = {point.basis for point in points}
    if len(known) > 1:
        return "peak memory, measured or predicted"
    return "predicted peak memory" if known == {"predicted"} else "peak allocated memory"
