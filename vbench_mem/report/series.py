"""What the figures show, as plain data: which rows become which points. No matplotlib.

A row that ran out of memory is a point on its machine's limit, never a gap. Published scores are
points of their own and take no part in a frontier.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.base.units import format_bytes
from vbench_mem.matrix.axes import SETTINGS
from vbench_mem.matrix.conditions import check_when, matches
from vbench_mem.report.scheme import INSIDE, Scheme, scheme_of, series_name

NEAR = 4  # a budget farther than this from every peak would squash the lines
Ending = Literal["ok", "oom"]
Basis = Literal["measured", "predicted"]


@dataclass(frozen=True, kw_only=True)
class PlotPoint:
    """A row in a figure, as one of the marks of a series."""

    row: Row
    series: str
    scheme: Scheme

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


@dataclass(frozen=True, kw_only=True)
class MemoryPoint(PlotPoint):
    """`memory` is the peak of an ok row, and the limit of one that ran out of memory (None where
    no limit is known). `basis`: a row that was not run is placed by its prediction."""

    frames: int
    memory: int | None
    ending: Ending
    basis: Basis = "measured"
    score: AnyScore | None = None

    @property
    def predicted(self) -> int | None:
        """Bytes that are predicted, also where the row ran."""
        size = self.row.metric(PREDICTED_MEMORY)
        return None if size is None else int(size)

    @property
    def bytes(self) -> int:
        """Only of a point that has a memory."""
        assert self.memory is not None
        return self.memory

    @property
    def size(self) -> float:
        """Memory in the unit of the figure."""
        return self.bytes / self.scheme.unit.bytes

    @property
    def size_text(self) -> str:
        """`1.00 GiB`, `1.00 GiB predicted`."""
        return format_bytes(self.bytes) + " predicted" * (self.basis == "predicted")


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


def point_of(row: Row, scheme: Scheme, score: AnyScore | None = None) -> MemoryPoint | None:
    """The row's point; None where its memory is neither measured nor predicted, and not known not
    to suffice."""
    memory: int | None
    basis: Basis
    if row.is_out_of_memory:
        memory, basis = row.limit_bytes, "measured"
    elif row.is_ok and (peak := row.metric(MEMORY)) is not None:
        memory, basis = int(peak), "measured"
    elif not row.is_ok and (peak := row.metric(PREDICTED_MEMORY)) is not None:
        memory, basis = int(peak), "predicted"
    else:
        return None
    return MemoryPoint(
        row=row,
        series=series_of(row, scheme),
        scheme=scheme,
        frames=row.cell.load.frames,
        memory=memory,
        ending="oom" if row.is_out_of_memory else "ok",
        basis=basis,
        score=score,
    )


def memory_points(joined: Joined) -> list[MemoryPoint]:
    """Every row that a figure of memory can show, in the matrix's order."""
    scheme = scheme_of(joined)
    found = (point_of(row, scheme) for row in joined.rows)
    return [point for point in found if point is not None]


def limits_of(row: Row, joined: Joined, metrics: Sequence[str]) -> list[float]:
    """The most that budgets on these metrics allow the row."""
    return [
        budget.limit
        for budget in joined.matrix.budgets
        if budget.metric in metrics
        and budget.kind == "max"
        and matches(row.facts, check_when(budget.where))
    ]


def limit_of(joined: Joined, row: Row) -> int | None:
    """The least memory, measured or predicted, that a budget allows the row."""
    return min(map(int, limits_of(row, joined, (MEMORY, PREDICTED_MEMORY))), default=None)


def memory_budgets(joined: Joined, points: Iterable[MemoryPoint]) -> list[float]:
    """The most bytes that budgets allow rows among the points, where that is near what is drawn."""
    seen = [point for point in points if point.memory]
    sizes = [point.memory for point in seen if point.memory]
    allowed = {limit for point in seen for limit in limits_of(point.row, joined, (MEMORY,))}
    return [limit for limit in sorted(allowed) if min(sizes) / NEAR <= limit <= NEAR * max(sizes)]


def step_word(points: Iterable[PlotPoint]) -> str:
    """What a caption calls what was run or predicted at these points."""
    modes = {point.row.cell.load.mode for point in points}
    if modes == {"embed"}:
        return "embedding a batch"
    return "a step, of training or of embedding" if "embed" in modes else "a training step"


def memory_word(points: Iterable[MemoryPoint]) -> str:
    """What an axis or a caption calls the memory of these points."""
    known = {point.basis for point in points}
    if len(known) > 1:
        return "peak memory, measured or predicted"
    return "predicted peak memory" if known == {"predicted"} else "peak allocated memory"
