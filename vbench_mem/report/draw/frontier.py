"""Peak memory against step time; the Pareto frontier is large and named, the rest is pale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.report.draw.canvas import (
    SIZE,
    Sheet,
    log_ticks,
    styled,
    track,
    track_points,
)
from vbench_mem.report.draw.labels import RINGS, Labels
from vbench_mem.report.draw.many import (
    by_series,
    grid,
    label_axes,
    series_handles,
    share_limits,
    time_unit,
)
from vbench_mem.report.draw.signs import FRONTIER, grey
from vbench_mem.report.facets import Facet
from vbench_mem.report.pictures.frontier import FrontierGroup, FrontierRow
from vbench_mem.report.scheme import MemoryUnit

FEW = 12  # rows of a panel, above which dominated ones have no number beside them
ROOM = 1.5, 1.3  # limits beyond the outermost marks, as factors: labels stand there
DOMINATED, BEST = "dominated", "on the Pareto frontier"


@styled
def draw_frontier(compared: Sequence[FrontierGroup]) -> Sheet:
    """A panel for each group of rows that can be compared, both axes log."""
    rows = [row for group in compared for row in group.rows]
    unit = Units(rows[0].scheme.unit, *time_unit(row.step_ms for row in rows))
    handles = series_handles(rows)
    handles += [grey("o", BEST), dominated_handle()]
    best = max(sum(row.is_best for row in group.rows) for group in compared)
    has_line = best > 1 and not compared[0].has_recall
    if has_line:
        handles.append(Line2D([], [], label="Pareto frontier", **FRONTIER))
    panels = [Facet(title=group.title, points=list(group.rows)) for group in compared]
    sheet, boxes = grid(panels, handles)
    for axes, panel in zip(boxes, panels, strict=True):
        for some in by_series(panel.points).values():
            draw_marks(axes, some, unit)
        if has_line:
            draw_line(axes, panel.points, unit)
        axes.set_xscale("log")
        axes.set_yscale("log")
    set_limits(boxes, rows, unit)
    for axes, panel in zip(boxes, panels, strict=True):
        draw_names(axes, panel.points, unit)
    label_axes(
        boxes,
        f"peak allocated memory, {unit.memory.name} (left is better)",
        f"{unit.time}/step (down is better)",
    )
    return sheet


def dominated_handle() -> Line2D:
    handle = grey("o", DOMINATED)
    handle.set_alpha(0.4)
    handle.set_markersize(SIZE - 3)
    return handle


@dataclass(frozen=True)
class Units:
    """Of memory, and of time with how many of it a millisecond is."""

    memory: MemoryUnit
    time: str
    per_ms: float

    def place(self, row: FrontierRow) -> tuple[float, float]:
        return row.memory / self.memory.bytes, row.step_ms * self.per_ms


def draw_marks(axes: Axes, rows: Sequence[FrontierRow], unit: Units) -> None:
    for is_best in (False, True):
        some = [row for row in rows if row.is_best is is_best]
        if not some:
            continue
        how: dict[str, Any] = {"markersize": SIZE + 1.5, "zorder": 3}
        if not is_best:
            how = {"markersize": SIZE - 2.5, "alpha": 0.4, "zorder": 2}
        xs, ys = zip(*(unit.place(row) for row in some), strict=True)
        (line,) = axes.plot(
            xs,
            ys,
            linestyle="",
            color=some[0].colour,
            marker=some[0].marker,
            label=some[0].series if is_best else f"{DOMINATED}: {some[0].series}",
            **how,
        )
        track_points(line, some, BEST if is_best else DOMINATED)


def draw_line(axes: Axes, rows: Sequence[FrontierRow], unit: Units) -> None:
    best = sorted(unit.place(row) for row in rows if row.is_best)
    axes.plot(
        [x for x, _ in best],
        [y for _, y in best],
        zorder=1.8,
        label="frontier",
        **FRONTIER,
    )


def set_limits(boxes: Sequence[Axes], rows: Sequence[FrontierRow], unit: Units) -> None:
    xs, ys = zip(*(unit.place(row) for row in rows), strict=True)
    for axes in boxes:
        axes.set_xlim(min(xs) / ROOM[0], max(xs) * ROOM[0])
        axes.set_ylim(min(ys) / ROOM[1], max(ys) * ROOM[1])
    share_limits(boxes)
    for axes in boxes:
        log_ticks(axes, "x")
        log_ticks(axes)


def draw_names(axes: Axes, rows: Sequence[FrontierRow], unit: Units) -> None:
    """Names of the frontier, then recalls of the other rows where there is room."""
    labels = Labels(axes, [unit.place(row) for row in rows])
    many = len({row.row.cell.load.frames for row in rows}) > 1
    for row in sorted(rows, key=lambda row: not row.is_best):
        percent = "" if row.recall is None else f"{100 * row.recall:.1f} %"
        if row.is_best:
            frames = f"{row.row.cell.load.frames} fr" if many else ""
            text = " ".join(filter(None, (row.series, frames, percent)))
        elif len(rows) <= FEW and percent:
            text = percent
        else:
            continue
        size, rings = (8, RINGS) if row.is_best else (7, 1)
        note = labels.at_mark(*unit.place(row), text, row.colour, size, rings)
        if note is not None:
            way = BEST if row.is_best else DOMINATED
            track(note, row.series, groups=(*row.groups, way))
