"""The trade-off picture: memory against recall. Drawn from `panels.py`."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.report.draw.canvas import Shapes, Sheet, page, styled, track, track_points
from vbench_mem.report.draw.levels import draw_levels
from vbench_mem.report.draw.many import series_handles
from vbench_mem.report.draw.signs import (
    Unit,
    cross,
    ending_handles,
    grey,
    limits,
    marker,
    origin_handles,
    placed,
)
from vbench_mem.report.panels import Panel, reach, value
from vbench_mem.report.series import Point, memory_word
from vbench_mem.report.style import colour, groups, markers

LEAST_SPAN = 5.0  # points of recall on an axis
ROOM = 0.08  # of a panel's width, to the right of its largest peak


@styled
def draw_memory_recall(panels: Sequence[Panel]) -> Sheet:
    """Memory against recall, a panel for each dataset and direction, with our frontier drawn."""
    points = placed(point for panel in panels for point in panel.points)
    unit, shapes = Unit.of(points), markers(points)
    handles = series_handles(points, shapes)
    handles += origin_handles(points) + ending_handles(points) + line_handles(panels)
    if any(panel.frontiers for panel in panels):
        handles.append(Line2D([], [], color="#333333", linestyle="--", label="Pareto frontier"))
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, boxes = page(rows, columns, 3.0 if columns == 2 else 4.2, handles)
    for axes, panel in zip(boxes, panels, strict=False):
        draw_panel(axes, panel, unit, shapes)
    for axes in boxes[len(panels) :]:
        axes.set_visible(False)
    return figure


def line_handles(panels: Sequence[Panel]) -> list[Line2D]:
    """What bars and thin lines are, where there are some."""
    points = [point for panel in panels for point in placed(panel.points)]
    handles = []
    if any(reach(point)[0] < reach(point)[1] for point in points):
        handles.append(grey("|", "lowest to highest seed"))
    if any(panel.sweeps for panel in panels):
        handles.append(sweep_handle())
    return handles


def sweep_handle() -> Line2D:
    return Line2D([], [], color="#333333", linewidth=1, label="mask alone differs")


def draw_panel(axes: Axes, panel: Panel, unit: Unit, shapes: Shapes) -> None:
    """One panel, its levels labelled last, clear of marks and lines."""
    points = placed(panel.points)
    for best in panel.frontiers.values():
        xs, ys = [unit.of_point(p) for p in best], [100 * value(p) for p in best]
        axes.plot(xs, ys, color="#333333", linestyle="--", linewidth=1, zorder=1, label="frontier")
    for some in panel.sweeps:
        draw_sweep(axes, placed(some), unit)
    for point in points:
        place = unit.of_point(point), 100 * value(point)
        if point.ending == "oom":
            cross(axes, *place, point)
            continue
        draw_reach(axes, point, place[0])
        (line,) = axes.plot(*place, linestyle="", label=point.series, **marker(point, shapes))
        track_points(line, [point])
        if len({other.frames for other in points}) > 1:
            text = f"{point.frames} fr"
            note = axes.annotate(text, place, (6, -3), textcoords="offset points", size=8)
            track(note, point.series, groups=groups(point))
    limits(axes, points, unit, horizontal=False)
    axes.set_title(panel.title, size=10, loc="left")
    axes.set_xlabel(f"{memory_word(points)}, {unit.name} (left is better)")
    axes.set_ylabel("R@1, % (up is better)")
    axes.margins(0.12)
    largest = max((unit.of_point(point) for point in points), default=1.0)
    axes.set_xlim(0, largest / (1 - ROOM))
    if not panel.levels:
        widen(axes)
    else:
        axes.update_datalim([(0, 100 * level.share) for level in panel.levels], updatex=False)
        axes.autoscale_view(scalex=False)
        widen(axes)
        drawn = [*panel.frontiers.values(), *panel.sweeps]
        marks = [(unit.of_point(p), 100 * reach(p)[0], 100 * reach(p)[1]) for p in points]
        lines = [[(unit.of_point(p), 100 * value(p)) for p in placed(some)] for some in drawn]
        draw_levels(axes, panel.levels, marks, lines)


def widen(axes: Axes) -> None:
    """A tenth of a point is no gap that an eye should see: the axis spans a few points at least."""
    low, high = axes.get_ylim()
    short = LEAST_SPAN - (high - low)
    if short > 0:
        low = max(0.0, low - short / 2)
        axes.set_ylim(low, max(high + short / 2, low + LEAST_SPAN))


def draw_sweep(axes: Axes, points: Sequence[Point], unit: Unit, level: float | None = None) -> None:
    """A thin line through rows that differ in their mask alone; it is drawn at their
    recall, or at one level."""
    (line,) = axes.plot(
        [unit.of_point(point) for point in points],
        [100 * value(point) if level is None else level for point in points],
        color=colour(points[0].row),
        linewidth=1,
        alpha=0.7,
        zorder=1.5,
        label=f"mask alone: {points[0].series}",
    )
    track(line, points[0].series, groups=groups(points[0])[:1])


def draw_reach(axes: Axes, point: Point, x: float) -> None:
    """A bar from the lowest to the highest seed, where there are several."""
    low, high = (100 * end for end in reach(point))
    if low < high:
        middle = 100 * value(point)
        bar = axes.errorbar(
            [x],
            [middle],
            yerr=[[middle - low], [high - middle]],
            fmt="none",
            ecolor=colour(point.row),
            elinewidth=1.2,
            capsize=3,
            zorder=2,
        )
        for part in bar.get_children():
            track(part, point.series, groups=groups(point))
