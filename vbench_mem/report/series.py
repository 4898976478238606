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
from vbench_mem.matrix.axes import label
from vbench_mem.matrix.conditions import check_when, matches

NEAR = 4  # a budget farther than this from every peak would squash the lines
Ending = Literal["ok", "oom"]
Basis = Literal["measured", "predicted"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A row in a figure, as one of the marks of a series."""

    row: Row
    series: str


@dataclass(frozen=True, kw_only=True)
class Point(Place):
    """`memory` is the peak of an ok row, and the limit of one that ran out of memory (None where
    no limit is known). `basis`: a row that was not run has its place by its prediction."""

    frames: int
    memory: int | None
    ending: Ending
    basis: Basis = "measured"
    score: AnyScore | None = None

    @property
    def predicted(self) -> int | None:
        """Bytes that are predicted, whatever became of the run."""
        size = self.row.metric(PREDICTED_MEMORY)
        return None if size is None else int(size)


@dataclass(frozen=True, kw_only=True)
class Spot(Place):
    """A row's place on two axes, in their units; `low` to `high` is what it spreads over on the
    second one, where that is known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


def series_of(row: Row, joined: Joined) -> str:
    """The row's label without its frames: one line of a figure."""
    rest = tuple(name for name in joined.matrix.varying if name != "frames")
    return label(row.cell, rest)


def point_of(row: Row, joined: Joined, score: AnyScore | None = None) -> Point | None:
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
    return Point(
        row=row,
        series=series_of(row, joined),
        frames=row.cell.load.frames,
        memory=memory,
        ending="oom" if row.is_out_of_memory else "ok",
        basis=basis,
        score=score,
    )


def memory_points(joined: Joined) -> list[Point]:
    """Every row with a place in a figure of memory, in the matrix's order."""
    found = (point_of(row, joined) for row in joined.rows)
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


def memory_budgets(joined: Joined, points: Iterable[Point]) -> list[float]:
    """The most bytes that budgets allow rows among the points, where that is near what is drawn."""
    seen = [point for point in points if point.memory]
    sizes = [point.memory for point in seen if point.memory]
    allowed = {limit for point in seen for limit in limits_of(point.row, joined, (MEMORY,))}
    return [limit for limit in sorted(allowed) if min(sizes) / NEAR <= limit <= NEAR * max(sizes)]


def step_word(places: Iterable[Place]) -> str:
    """What a caption calls that which was run or predicted at these places."""
    modes = {place.row.cell.load.mode for place in places}
    if modes == {"embed"}:
        return "embedding a batch"
    return "a step, of training or of embedding" if "embed" in modes else "a training step"


def memory_word(points: Iterable[Point]) -> str:
    """What an axis or a caption calls the memory of these points."""
    known = {point.basis for point in points}
    if len(known) > 1:
        return "peak memory, measured or predicted"
    return "predicted peak memory" if known == {"predicted"} else "peak allocated memory"
