"""What the figures share: settings, page, units, marks, legends, files. Imports matplotlib.

Knows how things look, and nothing of what a figure is about.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from io import StringIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from vbench_mem.report.draw.labels import shortened
from vbench_mem.report.marks import Mark, Track, mark_of
from vbench_mem.report.series import Place
from vbench_mem.report.style import groups
from vbench_mem.report.write.plain import clean, one_line

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
LEGEND_ASIDE = 0.8  # of a line of the legend, that is not its text
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
        series = text.get_text()
        text.set_text(shortened(one_line(series), 9, 72 * (WIDTH - LEGEND_ASIDE)))
        for artist, part in ((handle, "h"), (text, "t")):
            artist.set_gid(f"l{number}{part}")
            figure.legend_series[f"l{number}{part}"] = series


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
    """`name`.svg and `name`.png in the folder; the SVG as text to be put into a page. What XML
    cannot hold of names and sources is replaced."""
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(folder / f"{name}.png", dpi=150)
        svg = StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    text = clean(svg.getvalue())
    (folder / f"{name}.svg").write_text(text, encoding="utf-8")
    return text
