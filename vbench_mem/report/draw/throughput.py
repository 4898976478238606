"""Clips per second against GFLOP per clip, with lines of equal FLOP/s."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from vbench_mem.report.draw.canvas import Sheet, log_ticks, styled
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.draw.many import (
    by_series,
    draw_values,
    grid,
    label_axes,
    series_handles,
    share_limits,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import ValuePoint
from vbench_mem.report.style import LEVEL_COLOUR

PLACES = (0.9, 0.8, 0.95, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # of a line's way, for its label
ROOM = 1.25  # limits beyond the outermost marks, as a factor


@styled
def draw_throughput(facets: Facets[ValuePoint], levels: Sequence[tuple[float, str]]) -> Sheet:
    """`levels`: TFLOP/s of the lines, and what they are called."""
    sheet, boxes = grid(facets.panels, series_handles(facets.points))
    for axes, panel in zip(boxes, facets.panels, strict=True):
        draw_values(axes, panel.points)
        axes.set_xscale("log")
        axes.set_yscale("log")
    xs, ys = ([getattr(point, name) for point in facets.points] for name in ("x", "y"))
    for axes in boxes:
        axes.set_xlim(min(xs) / ROOM, max(xs) * ROOM)
        axes.set_ylim(min(ys) / ROOM, max(ys) * ROOM)
    share_limits(boxes)
    for axes, panel in zip(boxes, facets.panels, strict=True):
        log_ticks(axes, "x")
        log_ticks(axes)
        draw_levels(axes, panel.points, levels)
    label_axes(boxes, "GFLOP/clip, forward and backward (left is better)", "clips/s (up is better)")
    return sheet


def draw_levels(
    axes: Axes, points: Sequence[ValuePoint], levels: Sequence[tuple[float, str]]
) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    labels = Labels(axes, [(point.x, point.y) for point in points])
    for some in by_series(points).values():
        labels.avoid_line([(point.x, point.y) for point in some])
    ends = {
        level: (max(left, 1000 * level / high), min(right, 1000 * level / low))
        for level, _ in levels
    }
    for level, (first, last) in ends.items():
        if first < last:
            labels.avoid_line([(x, 1000 * level / x) for x in (first, last)], far=0.5)
    for level, text in levels:
        first, last = ends[level]
        if first >= last:
            continue
        axes.plot(
            [first, last],
            [1000 * level / first, 1000 * level / last],
            color=LEVEL_COLOUR,
            linewidth=0.9,
            linestyle=(0, (5, 3)),
            zorder=1.5,
            label=text,
        )
        places = [first * (last / first) ** share for share in PLACES]
        labels.on_line([(x, 1000 * level / x) for x in places], text, LEVEL_COLOUR)
