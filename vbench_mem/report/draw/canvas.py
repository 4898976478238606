"""What the figures share: settings, page, units, marks, legends, files. Imports matplotlib.

Knows how things look, and nothing of what a figure is about.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from io import StringIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from vbench_mem.report.marks import Mark, Track, mark_of
from vbench_mem.report.series import Place, Point
from vbench_mem.report.style import LIMIT_COLOUR, colour, groups, look
from vbench_mem.units import BINARY

P = ParamSpec("P")
F = TypeVar("F", bound=Figure)
Shapes = dict[str, str]  # a marker by `style.look`
SETTINGS: dict[Any, Any] = {  # matplotlib types its keys one by one, not in every version
    "svg.fonttype": "none",  # text stays text: it can be searched, and read aloud
    "svg.hashsalt": "vbench_mem",  # the same figure gives the same file
    "text.parse_math": False,  # names and sources come from files: a $ in them is a $
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
}
WIDTH = 9.0  # inches; all lengths of a layout are
LEFT, RIGHT, TOP, AXIS, LEGEND_LINE = 0.75, 0.25, 0.35, 0.6, 0.2
FILL = {"measured": "full", "imported": "left", "published": "none"}
SIZE = 7.5
MANY_DECADES = 20_000  # highest over lowest, above which 2 and 5 of a decade have no room


class Sheet(Figure):
    """A figure that knows what its artists stand for.

    `legend_series` has the series, or the group of series (`Track.groups`), that an entry of the
    legend stands for, by the entry's gid.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tracks: list[Track] = []
        self.legend_series: dict[str, str] = {}


def track(
    artist: Artist, series: str, marks: Iterable[Mark] = (), groups: Iterable[str] = ()
) -> None:
    """Say what the artist is: markers of one line in the order of its data, a bar, or (without
    marks) a thing that is hidden together with its series, or with a group of series."""
    sheet = artist.get_figure(root=True)
    assert isinstance(sheet, Sheet)
    gid = f"t{len(sheet.tracks)}"
    artist.set_gid(gid)
    sheet.tracks.append(
        Track(gid=gid, series=series, marks=tuple(marks), groups=tuple(dict.fromkeys(groups)))
    )


def track_points(artist: Artist, points: Iterable[Place], *ways: str) -> None:
    """`track` of a line whose markers are these points, all of one series; `ways` are entries of
    the legend for how it is drawn."""
    points = list(points)
    marks = [mark_of(point.row) for point in points]
    track(artist, points[0].series, marks, (*groups(points[0]), *ways))


def styled(draw: Callable[P, F]) -> Callable[P, F]:
    """Draw under our settings, whatever the user's own are."""

    @wraps(draw)
    def under_settings(*args: P.args, **kwargs: P.kwargs) -> F:
        with matplotlib.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return under_settings


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
    """Out of memory; thinner where it was spared. Drawn `aside` points to the right, so that
    crosses on one spot are all seen."""
    figure = axes.figure
    shift = ScaledTranslation(aside / 72, 0, figure.dpi_scale_trans)
    tried = not point.row.is_spared
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
        draw(limit, color=LIMIT_COLOUR, linewidth=1, linestyle=":", label=f"limit {limit:.4g}")
        text = f"limit {limit:.4g} {unit.name}"
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
    return [grey("x", "out of memory (thin: spared)")] if oom else []


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


def page(
    rows: int, columns: int, height: float, handles: Sequence[Artist], left: float = LEFT
) -> tuple[Sheet, list[Axes]]:
    """Axes of a fixed size with the legend below them, however long it is."""
    longest = max((len(str(handle.get_label())) for handle in handles), default=1)
    across = max(1, min(3, int(125 / (longest + 6))))
    below = 0.15 + LEGEND_LINE * math.ceil(len(handles) / across) if handles else 0.0
    total = rows * (TOP + height + AXIS) + below
    figure = Sheet(figsize=(WIDTH, total))
    width = (WIDTH - columns * (left + RIGHT)) / columns
    boxes = []
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        x = left + column * (left + width + RIGHT)
        y = total - (row + 1) * (TOP + height) - row * AXIS
        boxes.append(figure.add_axes((x / WIDTH, y / total, width / WIDTH, height / total)))
    if handles:
        legend_below(figure, handles, across)
    return figure, boxes


def legend_below(figure: Sheet, handles: Sequence[Artist], across: int) -> None:
    """The legend at the foot of the page, its entries known to `legend_series`."""
    legend = figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(0.02, 0.0),
        ncols=across,
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.6,
    )
    for number, (handle, text) in enumerate(
        zip(legend.legend_handles, legend.get_texts(), strict=True)
    ):
        assert handle is not None
        for artist, part in ((handle, "h"), (text, "t")):
            artist.set_gid(f"l{number}{part}")
            figure.legend_series[f"l{number}{part}"] = text.get_text()


def plain(axes: Axes, which: str) -> None:
    """16 rather than 2^4."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axis.set_minor_locator(NullLocator())


def log_ticks(axes: Axes, which: str = "y") -> None:
    """Labels that are round numbers on a log axis, more of them on a short one."""
    axis, limits = (axes.xaxis, axes.set_xlim) if which == "x" else (axes.yaxis, axes.set_ylim)
    low, high = axis.get_view_interval()
    if high < 4 * low:
        axis.set_major_locator(FixedLocator(MaxNLocator(5).tick_values(low, high)))
        limits(low, high)
    elif high < MANY_DECADES * low:
        axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    else:
        axis.set_major_locator(LogLocator(base=10))
    plain(axes, which)


def save(figure: Figure, folder: Path, name: str) -> str:
    """`name`.svg and `name`.png in the folder; the SVG as text to be put into a page."""
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(folder / f"{name}.png", dpi=150)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    (folder / f"{name}.svg").write_text(text.getvalue(), encoding="utf-8")
    return text.getvalue()
