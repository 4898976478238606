"""What the figures show, as plain data: which rows become which points. No matplotlib.

A row that ran out of memory is a point on its machine's limit, never a gap. Published scores are
points of their own and take no part in a frontier.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vbench_mem.join import Joined, Row
from vbench_mem.matrix.axes import label
from vbench_mem.matrix.conditions import check_when, matches
from vbench_mem.pareto import frontier
from vbench_mem.report.kinds import BLIND, is_of_kind
from vbench_mem.scores.measured import MeasuredScore, results_of
from vbench_mem.scores.metrics import Direction
from vbench_mem.scores.score import AnyScore

MEMORY = "peak_alloc_bytes"
RECALL = "recall_at_1"
NEAR = 4  # a budget farther than this from every peak would squash the lines
Ending = Literal["ok", "oom"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """`memory` is the peak of an ok row, and the limit of one that ran out of memory (None where
    no limit is known)."""

    row: Row
    series: str
    frames: int
    memory: int | None
    ending: Ending
    score: AnyScore | None = None


@dataclass(frozen=True, kw_only=True)
class Level:
    """A recall that is known without an encoder: by chance, or what a kind cannot go above."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Memory against one recall of one dataset; `frontiers` are by column and load; `levels` are
    of the benchmarks that were asked here, the lowest first."""

    title: str
    points: list[Point]
    frontiers: dict[str, list[Point]]
    levels: tuple[Level, ...] = ()


def series_of(row: Row, joined: Joined) -> str:
    """The row's label without its frames: one line of a figure."""
    rest = tuple(name for name in joined.matrix.varying if name != "frames")
    return label(row.cell, rest)


def point_of(row: Row, joined: Joined, score: AnyScore | None = None) -> Point | None:
    """The row's point, or None where its memory is neither measured nor known not to suffice."""
    peak = row.metric(MEMORY)
    if not row.is_out_of_memory and (peak is None or not row.is_ok):
        return None
    return Point(
        row=row,
        series=series_of(row, joined),
        frames=row.cell.load.frames,
        memory=row.limit_bytes if row.is_out_of_memory else int(peak or 0),
        ending="oom" if row.is_out_of_memory else "ok",
        score=score,
    )


def memory_points(joined: Joined) -> list[Point]:
    """Every row with a place in a figure of memory, in the matrix's order."""
    found = (point_of(row, joined) for row in joined.rows)
    return [point for point in found if point is not None]


def memory_budgets(joined: Joined, points: Iterable[Point]) -> list[float]:
    """The most bytes that budgets allow rows among the points, where that is near what is drawn."""
    seen = [point for point in points if point.memory]
    sizes = [point.memory for point in seen if point.memory]
    allowed = {
        budget.limit
        for budget in joined.matrix.budgets
        if budget.metric == MEMORY
        and budget.kind == "max"
        and any(matches(point.row.facts, check_when(budget.where)) for point in seen)
    }
    return [limit for limit in sorted(allowed) if min(sizes) / NEAR <= limit <= NEAR * max(sizes)]


def recall_panels(joined: Joined) -> list[Panel]:
    """One panel for each dataset and direction that a row has a recall at 1 of."""
    found: dict[tuple[str, Direction], list[Point]] = {}
    for row in joined.rows:
        for score in row.scores.values():
            point = point_of(row, joined, score) if score.metric == RECALL else None
            if point is not None:
                found.setdefault((score.dataset, score.direction), []).append(point)
    return [
        Panel(
            title=f"{dataset}, {'text to video' if direction == 't2v' else 'video to text'}",
            points=points,
            frontiers=frontiers(points),
            levels=levels(joined, dataset, direction),
        )
        for (dataset, direction), points in sorted(found.items())
    ]


def levels(joined: Joined, dataset: str, direction: Direction) -> tuple[Level, ...]:
    """Chance, and the ceilings below 1 of encoders blind to order, or of a kind that a row is."""
    found: set[tuple[float, str]] = set()
    for row in joined.rows:
        for record in row.trainings:
            for result in results_of(record):
                if result.name != dataset:
                    continue
                found.add((result.chance[direction][RECALL], "chance"))
                found |= {
                    (ceiling.random_ties_value, f"ceiling: {ceiling.kind}")
                    for ceiling in result.ceilings
                    if ceiling.metric == f"{direction}_{RECALL}"
                    and ceiling.random_ties_value < 1
                    and (ceiling.kind == BLIND or is_of_kind(record.cell, ceiling.kind))
                }
    return tuple(Level(name=name, share=share) for share, name in sorted(found))


def frontiers(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The frontiers of the rows that ran: one for each column that is not published and each mode
    and batch, since the memory of unlike batches is no alternative."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        if point.ending == "ok" and point.score and point.score.origin != "published":
            load = point.row.cell.load
            key = f"{point.score.column} {load.mode} batch={load.batch}"
            groups.setdefault(key, []).append(point)
    return {
        key: [some[i] for i in frontier([(p.memory or 0, value(p)) for p in some])]
        for key, some in groups.items()
    }


def value(point: Point) -> float:
    assert point.score is not None
    return point.score.value


def reach(point: Point) -> tuple[float, float]:
    """The lowest and the highest seed; of a score without seeds the score itself."""
    if isinstance(point.score, MeasuredScore):
        return min(point.score.values), max(point.score.values)
    return value(point), value(point)
