"""What stands for what: marks, crosses, lines of limits, and entries of legends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.units import significant
from vbench_mem.report.draw.canvas import SIZE, tips_of_points
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.scheme import MemoryUnit
from vbench_mem.report.series import PlotPoint
from vbench_mem.report.style import LEVEL_COLOUR, LIMIT_COLOUR

FILL = {"measured": "full", "imported": "left", "published": "none"}
GREY = "#555555"
FRONTIER: dict[str, Any] = {"color": "#333333", "linestyle": "--", "linewidth": 1}
LIMIT: dict[str, Any] = {"color": LIMIT_COLOUR, "linewidth": 1, "linestyle": ":"}
LEVEL: dict[str, Any] = {"color": LEVEL_COLOUR, "linewidth": 0.9, "linestyle": (0, (5, 3))}


def marker(point: PlotPoint, score: AnyScore | None) -> dict[str, Any]:
    """Filled for measured, half for imported, hollow for published."""
    return {
        "marker": point.marker,
        "color": point.colour,
        "markersize": SIZE,
        "markerfacecoloralt": "white",
        "fillstyle": FILL[score.origin] if score else "full",
        "markeredgewidth": 1.4,
        "linestyle": "",
    }


def cross(axes: Axes, x: float, y: float, point: PlotPoint, aside: float = 0) -> None:
    """Out of memory; thinner where it was skipped. Drawn `aside` points to the right, so that
    crosses on one spot are all seen."""
    shift = ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans)
    size, width = (SIZE - 2, 1.1) if point.row.is_skipped else (SIZE + 1, 2.2)
    (line,) = axes.plot(
        [x],
        [y],
        "x",
        markersize=size,
        markeredgewidth=width,
        color=point.colour,
        label=f"out of memory: {point.row.label}",
        transform=axes.transData + shift,
        clip_on=False,
        zorder=3,
    )
    tips_of_points(line, [point])


@dataclass(frozen=True)
class Level:
    """A horizontal line: its value, its name in one or two lines of text, how it is drawn."""

    value: float
    names: list[str]
    how: dict[str, Any]


def limit_levels(points: Sequence[PlotPoint]) -> list[Level]:
    """The limits that something ran into."""
    sizes = sorted({point.size for point in points if point.row.is_out_of_memory})
    return [size_level("limit", size, points[0].scheme.unit, LIMIT) for size in sizes]


def size_level(what: str, size: float, unit: MemoryUnit, how: dict[str, Any]) -> Level:
    return Level(size, [f"{what} {significant(size, 4)} {unit.name}"], how)


def draw_levels(axes: Axes, levels: Iterable[Level]) -> None:
    for level in levels:
        axes.axhline(level.value, label=level.names[0], **level.how)


def name_levels(axes: Axes, levels: Iterable[Level]) -> None:
    """Where they cover nothing; the limits of the axes must no longer change."""
    labels, (left, right) = Labels(axes), axes.get_xlim()
    for level in levels:
        ends = (left, level.value), (right, level.value)
        labels.on_line(*ends, level.names, level.how["color"])


def draw_limits(axes: Axes, points: Sequence[PlotPoint]) -> None:
    """A vertical line for each limit that something ran into, named at its end."""
    for level in limit_levels(points):
        axes.axvline(level.value, label=level.names[0], **LIMIT)
        axes.annotate(
            level.names[0],
            (level.value, 1),
            (-4, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=LIMIT_COLOUR,
            size=9,
            ha="right",
            va="top",
        )


def grey(marker: str, label: str, fill: str = "full", **how: Any) -> Line2D:
    how = {"color": GREY, "fillstyle": fill, "linestyle": "", **how}
    return Line2D(
        [], [], marker=marker, label=label, markerfacecoloralt="white", markeredgewidth=1.4, **how
    )


def ending_handles(points: Iterable[PlotPoint]) -> list[Line2D]:
    oom = any(point.row.is_out_of_memory for point in points)
    return [grey("x", "out of memory (thin: skipped)")] if oom else []


def origin_handles(scores: Iterable[AnyScore | None]) -> list[Line2D]:
    """What filled, half and hollow mean here; a published score comes with its source."""
    names = {
        (score.origin, f": {score.source}" if score.origin == "published" else "")
        for score in scores
        if score is not None
    }
    return [grey("o", origin + source, FILL[origin]) for origin, source in sorted(names)]
