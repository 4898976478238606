"""Step time against frames, or as a bar for each row. Drawn from `pictures/time.py`."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import Sheet, styled, track, track_points
from vbench_mem.report.draw.many import (
    BAR,
    bar_page,
    bar_text,
    draw_values,
    log_page,
    series_handles,
    time_unit,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import ValuePoint


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
        track_points(bar, [point])
        if point.low is not None and point.high is not None:
            span = axes.hlines(place, point.low, point.high, color="#444444", linewidth=1.2)
            track(span, point.series)
        bar_text(axes, max(point.y, point.high or 0.0), place, significant(point.y))

    return bar_page([point.series for point in points], [], draw, f"{unit}/step")
