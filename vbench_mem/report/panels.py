"""What the trade-off picture shows, as plain data: a panel for each recall. No matplotlib.

Published scores are points of their own and take no part in a frontier.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.kinds import ORDER_INVARIANT, is_of_kind
from vbench_mem.analysis.pareto import frontier
from vbench_mem.analysis.scores.measured import MeasuredScore, results_of
from vbench_mem.base.score_metrics import RECALL, Direction
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.variants import mask_kind
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import PlotPoint, point_of


@dataclass(frozen=True, kw_only=True)
class RecallLevel:
    """A recall that is known without an encoder: by chance, or what a kind cannot go above."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Memory against one recall of one dataset; `frontiers` are by column and load; `levels` are
    of the benchmarks evaluated here, the lowest first."""

    dataset: str
    direction: Direction
    points: list[PlotPoint]
    frontiers: dict[str, list[PlotPoint]]
    levels: tuple[RecallLevel, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.dataset}, {'text to video' if self.direction == 't2v' else 'video to text'}"


def recall_panels(joined: Joined) -> list[Panel]:
    """One panel for each dataset and direction that a row has a recall at 1 of."""
    found: dict[tuple[str, Direction], list[PlotPoint]] = {}
    scheme = scheme_of(joined)
    for row in joined.rows:
        for score in row.scores.values():
            point = point_of(row, scheme, score)
            if score.metric == RECALL and point.memory:
                found.setdefault((score.dataset, score.direction), []).append(point)
    return [
        Panel(
            dataset=dataset,
            direction=direction,
            points=points,
            frontiers=frontiers(points),
            levels=levels(joined, dataset, direction),
        )
        for (dataset, direction), points in sorted(found.items())
    ]


def levels(joined: Joined, dataset: str, direction: Direction) -> tuple[RecallLevel, ...]:
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
                    and (ceiling.kind == ORDER_INVARIANT or is_of_kind(record.cell, ceiling.kind))
                }
    return tuple(RecallLevel(name=name, share=share) for share, name in sorted(found))


def frontiers(points: Iterable[PlotPoint]) -> dict[str, list[PlotPoint]]:
    """The frontiers of the rows that fit: one for each column that is not published and each
    device, mode and batch, since the memory of unlike ones is no alternative; what is predicted is
    apart from what was measured."""
    groups: dict[str, list[PlotPoint]] = {}
    for point in points:
        if not point.row.is_out_of_memory and point.score and point.score.origin != "published":
            load, device = point.row.cell.load, point.row.cell.runtime.device
            key = f"{point.score.column} {load.mode} batch={load.batch} {device} {point.basis}"
            groups.setdefault(key, []).append(point)
    return {
        key: [some[i] for i in frontier([(p.bytes, value(p)) for p in some])]
        for key, some in groups.items()
    }


def is_ours(point: PlotPoint) -> bool:
    """Is the score, if any, measured here or imported, not published?"""
    return point.score is None or point.score.origin != "published"


def sweeps(points: Iterable[PlotPoint]) -> list[list[PlotPoint]]:
    """Groups of two or more that differ in their mask alone, by mask; a run out of memory has no
    place of its own and is in none."""
    groups: dict[Hashable, list[PlotPoint]] = {}
    for point in points:
        if not point.row.is_out_of_memory:
            column = point.score.column if point.score else None
            groups.setdefault((column, point.basis, unmasked(point.row)), []).append(point)
    found = []
    for some in groups.values():
        kinds = dict.fromkeys(kind_of(point.row) for point in some if mask_of(point))
        for kind in kinds:
            line = [p for p in some if not mask_of(p) or kind_of(p.row) == kind]
            if len({mask_of(point) for point in line}) > 1:
                found.append(sorted(line, key=mask_of))
    return found


def unmasked(row: Row) -> Hashable:
    """All that a row is but its mask and its names."""
    cell = row.cell
    recipe = replace(cell.recipe, mask=0.0, mask_kind=None)
    return cell.spec, recipe, cell.load, cell.runtime, cell.protocol


def at_a_load(row: Row) -> Hashable:
    """What two recipes of one encoder share that are compared."""
    return row.cell.spec, row.cell.load, row.cell.runtime


def mask_of(point: PlotPoint) -> float:
    return point.row.cell.recipe.mask


def kind_of(row: Row) -> str | None:
    """The kind of mask, the layout's own where none is named; none of a custom encoder."""
    spec = row.cell.spec
    return None if isinstance(spec, Custom) else mask_kind(spec, row.cell.recipe)


def value(point: PlotPoint) -> float:
    assert point.score is not None
    return point.score.value


def reach(point: PlotPoint) -> tuple[float, float]:
    """The lowest and the highest seed; of a score without seeds the score itself."""
    if isinstance(point.score, MeasuredScore):
        return min(point.score.values), max(point.score.values)
    return value(point), value(point)
