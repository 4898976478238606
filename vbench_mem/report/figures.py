"""The figures, drawn from `series.py`. With `canvas.py` all that imports matplotlib; never pyplot.

Every axis says its unit and which way is better; a run out of memory is a cross on the limit line.
"""

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from vbench_mem.report.canvas import (
    SIZE,
    Shapes,
    Unit,
    budget_line,
    cross,
    ending_handles,
    grey,
    handle,
    limits,
    log_ticks,
    marker,
    origin_handles,
    page,
    plain,
    styled,
)
from vbench_mem.report.figures_levels import draw_levels
from vbench_mem.report.series import Panel, Point, reach, value
from vbench_mem.report.style import colour, look, markers

ROOM = 0.08  # of a panel's width, to the right of its largest peak


def placed(points: Iterable[Point]) -> list[Point]:
    """Those with a place; a run out of memory whose limit is not known has none."""
    return [point for point in points if point.memory]


@styled
def draw_memory_frames(points: Sequence[Point], budgets: Sequence[float] = ()) -> Figure:
    """Peak memory against frames on log axes, a line for each variant and each budget in bytes."""
    points = placed(points)
    unit, shapes = Unit.of(points), markers(points)
    lines: dict[str, list[Point]] = {}
    for point in points:
        lines.setdefault(point.series, []).append(point)
    handles = [handle(name, some[0], shapes) for name, some in lines.items()]
    handles += ending_handles(points)
    figure, (axes,) = page(1, 1, 4.2, handles)
    for name, some in lines.items():
        ran = sorted((p for p in some if p.ending == "ok"), key=lambda p: p.frames)
        axes.plot(
            [p.frames for p in ran],
            [unit.of_point(p) for p in ran],
            color=colour(some[0].row),
            marker=shapes[look(some[0])],
            markersize=SIZE - 1,
            linewidth=1.4,
            label=name,
        )
    for spot in crowds(points).values():
        for number, point in enumerate(spot):
            aside = 9 * (number - (len(spot) - 1) / 2)
            cross(axes, point.frames, unit.of_point(point), point, aside)
    limits(axes, points, unit, horizontal=True)
    for budget in budgets:
        budget_line(axes, budget / unit.bytes, unit)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=10)
    axes.xaxis.set_major_locator(FixedLocator(sorted({p.frames for p in points})))
    plain(axes, "x")
    log_ticks(axes)
    axes.set_xlabel("frames of a clip")
    axes.set_ylabel(f"peak allocated memory, {unit.name} (down is better)")
    return figure


def crowds(points: Iterable[Point]) -> dict[tuple[int, int | None], list[Point]]:
    """Runs out of memory by frames and limit: those of one spot."""
    found: dict[tuple[int, int | None], list[Point]] = {}
    for point in points:
        if point.ending == "oom":
            found.setdefault((point.frames, point.memory), []).append(point)
    return found


@styled
def draw_memory_variants(points: Sequence[Point]) -> Figure:
    """Peak memory of each row as a bar, for a matrix with a single number of frames."""
    points = placed(points)
    unit = Unit.of(points)
    names = [point.series for point in points]
    left = min(0.3 + 0.078 * max(map(len, names)), 4.5)
    figure, (axes,) = page(1, 1, 0.4 + 0.27 * len(points), ending_handles(points), left)
    for place, point in enumerate(points):
        if point.ending == "oom":
            cross(axes, unit.of_point(point), place, point)
            continue
        size = unit.of_point(point)
        axes.barh(place, size, height=0.66, color=colour(point.row))
        axes.annotate(
            f"{size:.3g}", (size, place), (4, 0), textcoords="offset points", va="center", size=9
        )
    axes.set_yticks(range(len(points)), names)
    axes.set_ylim(len(points) - 0.4, -0.6)  # the first row on top
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    limits(axes, points, unit, horizontal=False)
    axes.set_xlabel(f"peak allocated memory, {unit.name} (left is better)")
    return figure


@styled
def draw_memory_recall(panels: Sequence[Panel]) -> Figure:
    """Memory against recall, a panel for each dataset and direction, with our frontier drawn."""
    points = placed(point for panel in panels for point in panel.points)
    unit, shapes = Unit.of(points), markers(points)
    series = {point.series: point for point in reversed(points)}
    handles = [handle(name, point, shapes) for name, point in reversed(series.items())]
    handles += origin_handles(points) + ending_handles(points)
    if any(reach(point)[0] < reach(point)[1] for point in points):
        handles.append(grey("|", "lowest to highest seed"))
    if any(panel.frontiers for panel in panels):
        handles.append(Line2D([], [], color="#333333", linestyle="--", label="Pareto frontier"))
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, boxes = page(rows, columns, 3.0 if columns == 2 else 4.2, handles)
    for axes, panel in zip(boxes, panels, strict=False):
        _draw_panel(axes, panel, unit, shapes)
    for axes in boxes[len(panels) :]:
        axes.set_visible(False)
    return figure


def _draw_panel(axes: Axes, panel: Panel, unit: Unit, shapes: Shapes) -> None:
    points = placed(panel.points)
    for best in panel.frontiers.values():
        xs, ys = [unit.of_point(p) for p in best], [100 * value(p) for p in best]
        axes.plot(xs, ys, color="#333333", linestyle="--", linewidth=1, zorder=1, label="frontier")
    for point in points:
        place = unit.of_point(point), 100 * value(point)
        if point.ending == "oom":
            cross(axes, *place, point)
            continue
        draw_reach(axes, point, place[0])
        axes.plot(*place, linestyle="", label=point.series, **marker(point, shapes))
        if len({other.frames for other in points}) > 1:
            text = f"{point.frames} fr"
            axes.annotate(text, place, (6, -3), textcoords="offset points", size=8)
    limits(axes, points, unit, horizontal=False)
    axes.set_title(panel.title, size=10, loc="left")
    axes.set_xlabel(f"peak allocated memory, {unit.name} (left is better)")
    axes.set_ylabel("R@1, % (up is better)")
    axes.margins(0.12)
    largest = max((unit.of_point(point) for point in points), default=1.0)
    axes.set_xlim(0, largest / (1 - ROOM))
    if panel.levels:
        axes.update_datalim([(0, 100 * level.share) for level in panel.levels], updatex=False)
        axes.autoscale_view(scalex=False)
        marks = [(unit.of_point(p), 100 * reach(p)[0], 100 * reach(p)[1]) for p in points]
        draw_levels(axes, panel.levels, marks)


def draw_reach(axes: Axes, point: Point, x: float) -> None:
    """A bar from the lowest to the highest seed, where there are several."""
    low, high = (100 * end for end in reach(point))
    if low < high:
        middle = 100 * value(point)
        axes.errorbar(
            [x],
            [middle],
            yerr=[[middle - low], [high - middle]],
            fmt="none",
            ecolor=colour(point.row),
            elinewidth=1.2,
            capsize=3,
            zorder=2,
        )
