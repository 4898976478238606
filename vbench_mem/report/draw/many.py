"""Figures of many panels, many series or many bars: their layout and their legends."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import SIZE, PageRow, Sheet, log_ticks, page_of, plain
from vbench_mem.report.draw.labels import XY, shortened, width
from vbench_mem.report.draw.signs import grey
from vbench_mem.report.facets import Facet, P
from vbench_mem.report.series import PlotPoint

MOST_ENTRIES = 16  # of a legend that names every series
HIGH, LOW, PITCH = 4.2, 3.0, 0.27  # inches: a single panel, one of several, a bar with its gap
BAR = 0.7  # of the place of a bar
DENSE = 20  # bars, above which they are closer
LONG_MS = 20_000  # a step, from which seconds are read more easily
TICKS = 0.38  # inches beside the names of bars
WIDEST = 4.5  # inches for names: longer ones are cut
ROOM = 1.15, 1.15  # limits beyond the outermost marks of log axes, across and up, as factors


def grid(titles: Sequence[str], handles: Sequence[Artist]) -> tuple[Sheet, list[Axes]]:
    """Axes with these titles, two beside each other."""
    columns = min(2, len(titles))
    row = PageRow(HIGH if columns == 1 else LOW, (1.0,) * columns)
    sheet, found = page_of([row] * math.ceil(len(titles) / columns), handles)
    boxes = [axes for some in found for axes in some]
    for axes in boxes[len(titles) :]:
        axes.remove()
    for axes, title in zip(boxes, titles, strict=False):
        axes.set_title(title, size=10, loc="left")
    return sheet, boxes[: len(titles)]


def log_page(
    panels: Sequence[Facet[P]],
    handles: Sequence[Artist],
    draw: Callable[[Axes, list[P]], None],
    names: tuple[str, str],
    *,
    frames: Sequence[float] = (),
    room: tuple[float, float] = ROOM,
    label: Callable[[Axes, list[P]], None] | None = None,
) -> Sheet:
    """Panels on log axes with the same limits, so that they can be compared.

    names   of both axes; the second one is written at the left panels alone
    frames  ticks of the first axis, where it is one of frames
    label   draws what needs the limits
    """
    sheet, boxes = grid([panel.title for panel in panels], handles)
    for axes, panel in zip(boxes, panels, strict=True):
        axes.set_xscale("log", base=2 if frames else 10)
        axes.set_yscale("log", base=10)
        draw(axes, panel.points)
    spans = [axes.dataLim for axes in boxes]
    left, low = (min(ends) for ends in zip(*(span.p0 for span in spans), strict=True))
    right, high = (max(ends) for ends in zip(*(span.p1 for span in spans), strict=True))
    for place, (axes, panel) in enumerate(zip(boxes, panels, strict=True)):
        axes.set_xlim(min([left, *frames]) / room[0], max([right, *frames]) * room[0])
        axes.set_ylim(low / room[1], high * room[1])
        log_ticks(axes)
        if frames:
            axes.xaxis.set_major_locator(FixedLocator(frames))
            plain(axes, "x")
        else:
            log_ticks(axes, "x")
        if label is not None:
            label(axes, panel.points)
        axes.set_xlabel(names[0])
        if place % 2 == 0:
            axes.set_ylabel(names[1], size=10 if len(boxes) == 1 else 9)
    return sheet


def plot(axes: Axes, point: PlotPoint, places: Iterable[XY], **how: Any) -> Line2D:
    """A line with markers through the places, in the looks of the point's series."""
    xs, ys = np.reshape([*places], (-1, 2)).T
    how = {"marker": point.marker, "markersize": SIZE - 2, "linewidth": 1.2, **how}
    (line,) = axes.plot(xs, ys, color=point.colour, **{"label": point.series, **how})
    return line


def series_handles(points: Iterable[PlotPoint]) -> list[Line2D]:
    """An entry for each series or, of many, one for each colour and one for each marker."""
    series: dict[str, PlotPoint] = {}
    for point in points:
        series.setdefault(point.series, point)
    some = list(series.values())
    if len(some) <= MOST_ENTRIES or some[0].scheme.marks_series:
        return [
            grey(point.marker, name, color=point.colour, markersize=SIZE - 1)
            for name, point in series.items()
        ]
    colours = {point.groups[0]: point.colour for point in some}
    markers = {point.groups[1]: point.marker for point in some}
    return [
        *(Line2D([], [], color=it, linewidth=4, label=name) for name, it in colours.items()),
        *(grey(shape, name) for name, shape in markers.items()),
    ]


def by_series(points: Iterable[P]) -> dict[str, list[P]]:
    """The points of each series, by frames."""
    found: dict[str, list[P]] = {}
    for point in sorted(points, key=lambda point: point.frames):
        found.setdefault(point.series, []).append(point)
    return found


def time_unit(times: Iterable[float]) -> tuple[str, float]:
    """The unit of an axis of milliseconds, and how many of it one is."""
    return ("s", 0.001) if max(times) >= LONG_MS else ("ms", 1.0)


def bar_page(
    names: Sequence[str],
    handles: Sequence[Artist],
    draw: Callable[[Axes, int], None],
    label: str,
) -> Sheet:
    """A horizontal bar for each name, the first one on top; `draw` draws that of a place."""
    pitch, size = (PITCH, 10.0) if len(names) <= DENSE else (0.75 * PITCH, 9.0)
    row = PageRow(0.4 + pitch * len(names), left=left_of(names, size))
    sheet, ((axes,),) = page_of([row], handles)
    for place in range(len(names)):
        draw(axes, place)
    name_lanes(axes, names, size)
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{label} (left is better)")
    return sheet


def left_of(names: Iterable[str], size: float) -> float:
    """Inches to the left of axes for the names of bars or lanes."""
    return min(TICKS + max(width(name, size) for name in names) / 72, WIDEST)


def name_lanes(axes: Axes, names: Sequence[str], size: float, widest: float = WIDEST) -> None:
    """A lane for each name, the first one on top; names are cut at so many inches."""
    fitting = [shortened(name, size, 72 * (widest - TICKS / 2)) for name in names]
    axes.set_yticks(range(len(names)), fitting, size=size)
    axes.set_ylim(len(names) - 0.4, -0.6)


def bar_text(axes: Axes, size: float, place: float, text: str | None = None) -> None:
    """The number at the end of a bar."""
    text = text or significant(size)
    axes.annotate(text, (size, place), (4, 0), textcoords="offset points", va="center", size=9)
