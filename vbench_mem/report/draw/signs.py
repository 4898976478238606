"""What stands for what: units, marks, crosses, lines of limits, and entries of legends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from vbench_mem.base.units import BINARY, significant
from vbench_mem.report.draw.canvas import SIZE, Shapes, track_points
from vbench_mem.report.series import Place, Point
from vbench_mem.report.style import LIMIT_COLOUR, colour, look

FILL = {"measured": "full", "imported": "left", "published": "none"}


@dataclass(frozen=True)
class Unit:
    """The binary unit that an axis of memory is in."""

    name: str
    bytes: int

    @classmethod
    def of(cls, points: Sequence[Point]) -> "Unit":
        largest = max(point.memory or 0 for point in points)
        name = "GiB" if largest >= BINARY["GiB"] else "MiB"
        return cls(name, BINARY[name])

    def of_point(self, point: Point) -> float:
        assert point.memory is not None
        return point.memory / self.bytes


def placed(points: Iterable[Point]) -> list[Point]:
    """Those with a place; a run out of memory whose limit is not known has none."""
    return [point for point in points if point.memory]


def marker(point: Point, shapes: Shapes) -> dict[str, Any]:
    """Filled for measured, half for imported, hollow for published."""
    return {
        "marker": shapes[look(point)],
        "color": colour(point.row),
        "markersize": SIZE,
        "markerfacecoloralt": "white",
        "fillstyle": FILL[point.score.origin] if point.score else "full",
        "markeredgewidth": 1.4,
    }


def cross(axes: Axes, x: float, y: float, point: Point, aside: float = 0) -> None:
    """Out of memory; thinner where it was skipped. Drawn `aside` points to the right, so that
    crosses on one spot are all seen."""
    figure = axes.figure
    shift = ScaledTranslation(aside / 72, 0, figure.dpi_scale_trans)
    tried = not point.row.is_skipped
    (line,) = axes.plot(
        [x],
        [y],
        linestyle="",
        marker="x",
        markersize=SIZE + 1 if tried else SIZE - 2,
        markeredgewidth=2.2 if tried else 1.1,
        color=colour(point.row),
        label=f"out of memory: {point.row.label}",
        transform=axes.transData + shift,
        clip_on=False,
        zorder=3,
    )
    track_points(line, [point])


def limits(axes: Axes, points: Sequence[Point], unit: Unit, *, horizontal: bool) -> None:
    """A line for each limit that something ran into."""
    for limit in sorted({unit.of_point(p) for p in points if p.ending == "oom"}):
        draw = axes.axhline if horizontal else axes.axvline
        draw(
            limit,
            color=LIMIT_COLOUR,
            linewidth=1,
            linestyle=":",
            label=f"limit {significant(limit, 4)}",
        )
        text = f"limit {significant(limit, 4)} {unit.name}"
        at, offset = ((0, limit), (4, 4)) if horizontal else ((limit, 1), (-4, -4))
        axes.annotate(
            text,
            at,
            offset,
            xycoords=("axes fraction", "data") if horizontal else ("data", "axes fraction"),
            textcoords="offset points",
            color=LIMIT_COLOUR,
            size=9,
            ha="left" if horizontal else "right",
            va="bottom" if horizontal else "top",
        )


def handle(name: str, point: Place, shapes: Shapes) -> Line2D:
    return Line2D(
        [],
        [],
        color=colour(point.row),
        marker=shapes[look(point)],
        markersize=SIZE - 1,
        linestyle="",
        label=name,
    )


def grey(marker: str, label: str, fill: str = "full") -> Line2D:
    return Line2D(
        [],
        [],
        color="#555555",
        marker=marker,
        fillstyle=fill,  # type: ignore[arg-type]  # one of matplotlib's words
        markerfacecoloralt="white",
        markeredgewidth=1.4,
        linestyle="",
        label=label,
    )


def ending_handles(points: Iterable[Point]) -> list[Line2D]:
    oom = any(point.ending == "oom" for point in points)
    return [grey("x", "out of memory (thin: skipped)")] if oom else []


def origin_handles(points: Iterable[Point]) -> list[Line2D]:
    """What filled, half and hollow mean here; a published score comes with its source."""
    words = {
        (p.score.origin, p.score.source if p.score.origin == "published" else "")
        for p in points
        if p.score is not None
    }
    return [
        grey("o", f"{origin}: {source}" if source else origin, FILL[origin])
        for origin, source in sorted(words)
    ]
