"""Figures of many panels, many series or many bars: their layout and their legends."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import SIZE, Shapes, Sheet, page, track, track_points
from vbench_mem.report.draw.labels import shortened, width
from vbench_mem.report.draw.signs import grey, handle
from vbench_mem.report.draw.split import WIDEST
from vbench_mem.report.facets import Facet, P
from vbench_mem.report.series import Place, Spot
from vbench_mem.report.style import colour, groups, look

MOST_ENTRIES = 16  # of a legend that names every series
HIGH, PITCH = 4.2, 0.27  # inches: a single panel, a bar with its gap
DENSE = 20  # bars, above which they are closer
LONG_MS = 20_000  # a step, from which seconds are read more easily
TICKS = 0.38  # inches beside the names of bars


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
    """All panels have the same limits, so that a place in one compares with a place in another."""
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


def series_handles(places: Iterable[Place], shapes: Shapes) -> list[Line2D]:
    """An entry for each series or, of many, one for each family and one for each look."""
    series: dict[str, Place] = {}
    for place in places:
        series.setdefault(place.series, place)
    if len(series) <= MOST_ENTRIES:
        return [handle(name, place, shapes) for name, place in series.items()]
    families = {groups(place)[0]: place for place in series.values()}
    seen = {groups(place)[1]: shapes[look(place)] for place in series.values()}
    return [
        *(
            Line2D([], [], color=colour(place.row), linewidth=4, label=name)
            for name, place in families.items()
        ),
        *(grey(shape, name) for name, shape in seen.items()),
    ]


def by_series(places: Iterable[P]) -> dict[str, list[P]]:
    found: dict[str, list[P]] = {}
    for place in places:
        found.setdefault(place.series, []).append(place)
    return found


def draw_spots(axes: Axes, spots: Sequence[Spot], shapes: Shapes) -> None:
    """A line for each series through its spots, with thin bars where they spread."""
    for name, some in by_series(spots).items():
        some.sort(key=lambda spot: spot.x)
        bars = [(s.x, s.low, s.high) for s in some if s.low is not None and s.high is not None]
        if bars:
            xs, lows, highs = zip(*bars, strict=True)
            spans = axes.vlines(xs, lows, highs, color=colour(some[0].row), linewidth=1, alpha=0.7)
            track(spans, name, groups=groups(some[0]))
        (line,) = axes.plot(
            [spot.x for spot in some],
            [spot.y for spot in some],
            color=colour(some[0].row),
            marker=shapes[look(some[0])],
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
    axes.set_yticks(range(len(names)), fitting(names, size), size=size)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    return sheet, axes


def left_of(names: Iterable[str], size: float) -> float:
    """Inches to the left of axes for the names of bars or lines."""
    return min(TICKS + max(width(name, size) for name in names) / 72, WIDEST)


def fitting(names: Iterable[str], size: float) -> list[str]:
    """The names as `left_of` has room for them."""
    return [shortened(name, size, 72 * (WIDEST - TICKS / 2)) for name in names]


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
