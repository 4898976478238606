"""Step time against frames, or as a bar for each row. Drawn from `pictures/time.py`."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.ticker import FixedLocator

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import Sheet, log_ticks, plain, styled, track, track_points
from vbench_mem.report.draw.many import (
    bar_page,
    bar_text,
    draw_spots,
    grid,
    label_axes,
    series_handles,
    share_limits,
    time_unit,
)
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import Spot
from vbench_mem.report.style import colour


@styled
def draw_time_frames(facets: Facets[Spot]) -> Sheet:
    """Milliseconds of a step against frames on log axes, a line for each variant."""
    sheet, boxes = grid(facets.panels, series_handles(facets.places, facets.shapes))
    unit, per_ms = time_unit(spot.y for spot in facets.places)
    for axes, panel in zip(boxes, facets.panels, strict=True):
        draw_spots(axes, [in_unit(spot, per_ms) for spot in panel.places], facets.shapes)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=10)
        axes.xaxis.set_major_locator(FixedLocator(sorted({spot.x for spot in facets.places})))
        plain(axes, "x")
    share_limits(boxes)
    for axes in boxes:
        log_ticks(axes)
    label_axes(boxes, "frames of a clip", f"{unit}/step (down is better)")
    return sheet


def in_unit(spot: Spot, per_ms: float) -> Spot:
    low, high = (None if end is None else per_ms * end for end in (spot.low, spot.high))
    return replace(spot, y=per_ms * spot.y, low=low, high=high)


@styled
def draw_time_variants(spots: Sequence[Spot]) -> Sheet:
    """Milliseconds of each row as a bar, for a matrix with a single number of frames."""
    sheet, axes = bar_page([spot.series for spot in spots], [])
    unit, per_ms = time_unit(spot.y for spot in spots)
    spots = [in_unit(spot, per_ms) for spot in spots]
    for place, spot in enumerate(spots):
        (bar,) = axes.barh(place, spot.y, height=0.66, color=colour(spot.row))
        track_points(bar, [spot])
        end = spot.y
        if spot.low is not None and spot.high is not None:
            span = axes.hlines(place, spot.low, spot.high, color="#444444", linewidth=1.2)
            track(span, spot.series)
            end = max(end, spot.high)
        bar_text(axes, end, place, significant(spot.y))
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{unit}/step (left is better)")
    return sheet
