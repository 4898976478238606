"""A panel of memory against recall. What it shows is in `panels.py`."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from vbench_mem.report.draw.canvas import tips_of_points
from vbench_mem.report.draw.many import plot
from vbench_mem.report.draw.signs import (
    FRONTIER,
    LEVEL,
    Level,
    cross,
    draw_levels,
    draw_limits,
    marker,
    name_levels,
)
from vbench_mem.report.panels import Panel, RecallLevel, reach, value
from vbench_mem.report.series import PlotPoint, memory_word

LEAST_SPAN = 5.0  # points of recall on an axis
ROOM = 0.08  # of a panel's width, to the right of its largest peak


def recall_place(point: PlotPoint) -> tuple[float, float]:
    """Memory in the unit of the figure and recall in percent."""
    return point.size, 100 * value(point)


def draw_panel(axes: Axes, panel: Panel) -> None:
    """One panel, its levels labelled last, clear of marks and lines."""
    points = panel.points
    for best in panel.frontiers.values():
        places = [recall_place(point) for point in best]
        axes.plot(*zip(*places, strict=True), zorder=1, label="frontier", **FRONTIER)
    for some in panel.sweeps:
        draw_sweep(axes, some, [recall_place(point) for point in some])
    several = len({point.frames for point in points}) > 1
    for point in points:
        draw_point(axes, point, f"{point.frames} fr" if several else "")
    draw_limits(axes, points)
    levels = [Level(100 * level.share, wordings(level), LEVEL) for level in panel.levels]
    draw_levels(axes, levels)
    axes.set_title(panel.title, size=10, loc="left")
    unit = points[0].scheme.unit.name
    axes.set_xlabel(f"{memory_word(points)}, {unit} (left is better)", size=9)
    axes.set_ylabel("R@1, % (up is better)", size=9)
    axes.margins(0.12)
    axes.set_xlim(0, max(point.size for point in points) / (1 - ROOM))
    widen(axes)
    name_levels(axes, levels)


def draw_point(axes: Axes, point: PlotPoint, text: str) -> None:
    """A mark, with a bar from the lowest to the highest seed where there are several."""
    place = recall_place(point)
    if point.row.is_out_of_memory:
        cross(axes, *place, point)
        return
    low, high = (100 * end for end in reach(point))
    if low < high:
        axes.vlines([place[0]], [low], [high], color=point.colour, linewidth=1.2, zorder=2)
    (line,) = axes.plot(*place, label=point.series, **marker(point, point.score))
    tips_of_points(line, [point])
    if text:
        axes.annotate(text, place, (6, -3), textcoords="offset points", size=8)


def widen(axes: Axes) -> None:
    """A tenth of a point is no gap that an eye should see: the axis spans a few points at least."""
    low, high = axes.get_ylim()
    short = LEAST_SPAN - (high - low)
    if short > 0:
        low = max(0.0, low - short / 2)
        axes.set_ylim(low, max(high + short / 2, low + LEAST_SPAN))


def draw_sweep(
    axes: Axes, points: Sequence[PlotPoint], places: Sequence[tuple[float, float]]
) -> None:
    """A thin line through rows that differ in their mask alone."""
    label = f"mask alone: {points[0].series}"
    how = {"marker": "", "linewidth": 1, "alpha": 0.7, "zorder": 1.5}
    plot(axes, points[0], places, label=label, **how)


def wordings(level: RecallLevel) -> list[str]:
    """In one line, and where its name has two parts in two, for a crowded panel."""
    share = f"{100 * level.share:.3g} %"
    head, _, rest = level.name.partition(": ")
    return [f"{level.name}, {share}", *([f"{head}, {share}:\n{rest}"] if rest else [])]
