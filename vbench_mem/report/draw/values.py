"""Step time against frames or as bars, and throughput against FLOPs with lines of equal FLOP/s."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import Sheet, styled, tips_of_points
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.draw.many import (
    BAR,
    bar_page,
    bar_text,
    by_series,
    log_page,
    plot,
    series_handles,
    time_unit,
)
from vbench_mem.report.draw.signs import LEVEL
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import ValuePoint
from vbench_mem.report.style import LEVEL_COLOUR


def draw_values(axes: Axes, points: Sequence[ValuePoint]) -> None:
    """A line for each series through its points, with thin bars where they spread."""
    for some in by_series(points).values():
        bars = [(s.x, s.low, s.high) for s in some if s.low is not None and s.high is not None]
        if bars:
            xs, lows, highs = zip(*bars, strict=True)
            axes.vlines(xs, lows, highs, color=some[0].colour, linewidth=1, alpha=0.7)
        tips_of_points(plot(axes, some[0], [(point.x, point.y) for point in some]), some)


@styled
def draw_time_frames(facets: Facets[ValuePoint]) -> Sheet:
    """Milliseconds of a step against frames on log axes, a line for each variant."""
    unit, per_ms = time_unit(point.y for point in facets.points)
    return log_page(
        facets.panels,
        series_handles(facets.points),
        lambda axes, points: draw_values(axes, [in_unit(point, per_ms) for point in points]),
        ("frames of a clip", f"{unit}/step (down is better)"),
        frames=sorted({point.x for point in facets.points}),
    )


def in_unit(point: ValuePoint, per_ms: float) -> ValuePoint:
    low, high = (None if end is None else per_ms * end for end in (point.low, point.high))
    return replace(point, y=per_ms * point.y, low=low, high=high)


@styled
def draw_time_variants(points: Sequence[ValuePoint]) -> Sheet:
    """Milliseconds of each row as a bar, for a matrix with a single number of frames."""
    unit, per_ms = time_unit(point.y for point in points)

    def draw(axes: Axes, place: int) -> None:
        point = in_unit(points[place], per_ms)
        (bar,) = axes.barh(place, point.y, height=BAR, color=point.colour)
        tips_of_points(bar, [point])
        if point.low is not None and point.high is not None:
            axes.hlines(place, point.low, point.high, color="#444444", linewidth=1.2)
        bar_text(axes, max(point.y, point.high or 0.0), place, significant(point.y))

    return bar_page([point.series for point in points], [], draw, f"{unit}/step")


@styled
def draw_throughput(facets: Facets[ValuePoint], levels: Sequence[tuple[float, str]]) -> Sheet:
    """`levels`: TFLOP/s of the lines, and what they are called."""
    return log_page(
        facets.panels,
        series_handles(facets.points),
        draw_values,
        ("GFLOP/clip, forward and backward (left is better)", "clips/s (up is better)"),
        label=lambda axes, _: draw_levels(axes, levels),
    )


def draw_levels(axes: Axes, levels: Sequence[tuple[float, str]]) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    lines = []
    for level, text in levels:
        first, last = max(left, 1000 * level / high), min(right, 1000 * level / low)
        if first < last:
            start, end = (first, 1000 * level / first), (last, 1000 * level / last)
            axes.plot(*zip(start, end, strict=True), zorder=1.5, label=text, **LEVEL)
            lines.append((start, end, [text]))
    labels = Labels(axes)
    for line in lines:
        labels.on_line(*line, LEVEL_COLOUR)
