"""Figures of many panels, many series or many bars: their layout and their legends."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import SIZE, Sheet, page, track, track_points
from vbench_mem.report.draw.labels import shortened, width
from vbench_mem.report.draw.signs import grey, handle
from vbench_mem.report.facets import Facet, P
from vbench_mem.report.series import PlotPoint, ValuePoint

MOST_ENTRIES = 16  # of a legend that names every series
HIGH, PITCH = 4.2, 0.27  # inches: a single panel, a bar with its gap
DENSE = 20  # bars, above which they are closer
LONG_MS = 20_000  # a step, from which seconds are read more easily
TICKS = 0.38  # inches beside the names of bars
WIDEST = 4.5  # inches for names: longer ones are cut


def grid(panels: Sequence[Facet[P]], handles: Sequence[Artist]) -> tuple[Sheet, list[Axes]]:
    """Axes for the panels, two beside each other, with their titles."""
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    sheet, boxes = page(rows, columns, HIGH if columns == 1 else 3.0, handles)
    for axes, panel in zip(boxes, panels, strict=False):
        axes.set_title(panel.title, size=10, loc="left")
    for axes in boxes[len(panels) :]:
        axes.set_visible(False)
    return sheet, boxes[: len(panels)]


def share_limits(boxes: Sequence[Axes]) -> None:
    """All panels have the same limits, so that they can be compared."""
    for which in ("x", "y"):
        ends = [getattr(axes, f"get_{which}lim")() for axes in boxes]
        for axes in boxes:
            getattr(axes, f"set_{which}lim")(min(low for low, _ in ends), max(up for _, up in ends))


def label_axes(boxes: Sequence[Axes], across: str, up: str) -> None:
    """Both labels, the second one at the left panels alone."""
    for place, axes in enumerate(boxes):
        axes.set_xlabel(across)
        if place % 2 == 0:
            axes.set_ylabel(up, size=10 if len(boxes) == 1 else 9)


def series_handles(points: Iterable[PlotPoint]) -> list[Line2D]:
    """An entry for each series or, of many, one for each colour and one for each marker."""
    series: dict[str, PlotPoint] = {}
    for point in points:
        series.setdefault(point.series, point)
    some = list(series.values())
    if len(some) <= MOST_ENTRIES or some[0].scheme.marks_series:
        return [handle(name, point) for name, point in series.items()]
    colours = {point.groups[0]: point.colour for point in some}
    markers = {point.groups[1]: point.marker for point in some}
    return [
        *(Line2D([], [], color=it, linewidth=4, label=name) for name, it in colours.items()),
        *(grey(shape, name) for name, shape in markers.items()),
    ]


def by_series(points: Iterable[P]) -> dict[str, list[P]]:
    found: dict[str, list[P]] = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    return found


def draw_values(axes: Axes, points: Sequence[ValuePoint]) -> None:
    """A line for each series through its points, with thin bars where they spread."""
    for name, some in by_series(points).items():
        some.sort(key=lambda point: point.x)
        bars = [(s.x, s.low, s.high) for s in some if s.low is not None and s.high is not None]
        if bars:
            xs, lows, highs = zip(*bars, strict=True)
            spans = axes.vlines(xs, lows, highs, color=some[0].colour, linewidth=1, alpha=0.7)
            track(spans, name, groups=some[0].groups)
        (line,) = axes.plot(
            [point.x for point in some],
            [point.y for point in some],
            color=some[0].colour,
            marker=some[0].marker,
            markersize=SIZE - 2,
            linewidth=1.2,
            label=name,
        )
        track_points(line, some)


def time_unit(times: Iterable[float]) -> tuple[str, float]:
    """The unit of an axis of milliseconds, and how many of it one is."""
    return ("s", 0.001) if max(times) >= LONG_MS else ("ms", 1.0)


def bar_page(names: Sequence[str], handles: Sequence[Artist]) -> tuple[Sheet, Axes]:
    """Axes for a bar for each name, the first one on top."""
    pitch, size = (PITCH, 10.0) if len(names) <= DENSE else (0.75 * PITCH, 9.0)
    sheet, (axes,) = page(1, 1, 0.4 + pitch * len(names), handles, left_of(names, size))
    name_lanes(axes, names, size)
    axes.grid(axis="y", visible=False)
    return sheet, axes


def left_of(names: Iterable[str], size: float) -> float:
    """Inches to the left of axes for the names of bars or lanes."""
    return min(TICKS + max(width(name, size) for name in names) / 72, WIDEST)


def name_lanes(axes: Axes, names: Sequence[str], size: float) -> None:
    """A lane for each name, the first one on top, as far as `left_of` has room for them."""
    fitting = [shortened(name, size, 72 * (WIDEST - TICKS / 2)) for name in names]
    axes.set_yticks(range(len(names)), fitting, size=size)
    axes.set_ylim(len(names) - 0.4, -0.6)


def bar_text(axes: Axes, size: float, place: float, text: str | None = None) -> None:
    """The number at the end of a bar."""
    axes.annotate(
        text or significant(size),
        (size, place),
        (4, 0),
        textcoords="offset points",
        va="center",
        size=9,
    )
