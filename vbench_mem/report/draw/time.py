"""Step time against frames, or as a bar for each row. Drawn from `pictures/time.py`."""

from collections.abc import Sequence
from dataclasses import replace

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import (
    Sheet,
    frames_axis,
    log_ticks,
    styled,
    track,
    track_points,
)
from vbench_mem.report.draw.many import (
    bar_page,
    bar_text,
    draw_values,
    grid,
    label_axes,
    series_handles,
    share_limits,
    time_unit,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import ValuePoint


@styled
def draw_time_frames(facets: Facets[ValuePoint]) -> Sheet:
    """Milliseconds of a step against frames on log axes, a line for each variant."""
    sheet, boxes = grid(facets.panels, series_handles(facets.points))
    unit, per_ms = time_unit(point.y for point in facets.points)
    for axes, panel in zip(boxes, facets.panels, strict=True):
        draw_values(axes, [in_unit(point, per_ms) for point in panel.points])
        frames_axis(axes, (point.x for point in facets.points))
    share_limits(boxes)
    for axes in boxes:
        log_ticks(axes)
    label_axes(boxes, "frames of a clip", f"{unit}/step (down is better)")
    return sheet


def in_unit(point: ValuePoint, per_ms: float) -> ValuePoint:
    low, high = (None if end is None else per_ms * end for end in (point.low, point.high))
    return replace(point, y=per_ms * point.y, low=low, high=high)


@styled
def draw_time_variants(points: Sequence[ValuePoint]) -> Sheet:
    """Milliseconds of each row as a bar, for a matrix with a single number of frames."""
    sheet, axes = bar_page([point.series for point in points], [])
    unit, per_ms = time_unit(point.y for point in points)
    points = [in_unit(point, per_ms) for point in points]
    for place, point in enumerate(points):
        (bar,) = axes.barh(place, point.y, height=0.66, color=point.colour)
        track_points(bar, [point])
        end = point.y
        if point.low is not None and point.high is not None:
            span = axes.hlines(place, point.low, point.high, color="#444444", linewidth=1.2)
            track(span, point.series)
            end = max(end, point.high)
        bar_text(axes, end, place, significant(point.y))
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{unit}/step (left is better)")
    return sheet
