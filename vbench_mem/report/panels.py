"""What the trade-off picture shows, as plain data: a panel for each recall. No matplotlib.

Published scores are points of their own and take no part in a frontier.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vbench_mem.join import Joined
from vbench_mem.pareto import frontier
from vbench_mem.report.kinds import BLIND, is_of_kind
from vbench_mem.report.series import RECALL, Point, point_of
from vbench_mem.scores.measured import MeasuredScore, results_of
from vbench_mem.scores.metrics import Direction


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
