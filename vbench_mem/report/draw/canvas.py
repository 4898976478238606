"""What the figures share: settings, page, units, marks, legends, files. Imports matplotlib.

What a figure is about is not known here.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from vbench_mem.report.draw.labels import shortened
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.series import PlotPoint
from vbench_mem.report.write.plain import clean, one_line

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
    """A figure with the tooltips of its artists, by the id of their SVG group (`set_tips`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tips: dict[str, tuple[Mark, ...]] = {}


def set_tips(artist: Artist, *marks: Mark) -> None:
    """What a bar stands for, or each marker of a line in the order of its data."""
    sheet = artist.get_figure(root=True)
    assert isinstance(sheet, Sheet)
    gid = f"t{len(sheet.tips)}"
    artist.set_gid(gid)
    sheet.tips[gid] = marks


def tips_of_points(artist: Artist, points: Iterable[PlotPoint]) -> None:
    """`set_tips` with the numbers of each point's row."""
    set_tips(artist, *(mark_of(point.row) for point in points))


styled = matplotlib.rc_context(SETTINGS)  # of a function: under our settings, not the user's


@dataclass(frozen=True)
class PageRow:
    """Axes beside each other, all lengths in inches.

    shares   of the width that is left to them
    left     room for what stands beside the first; `between` the others, as much unless given
    """

    height: float
    shares: tuple[float, ...] = (1.0,)
    left: float = LEFT
    between: float | None = None
    below: float = AXIS

    def boxes(self) -> Iterator[tuple[float, float]]:
        """Left end and width of each."""
        between = self.left + RIGHT if self.between is None else self.between
        free = WIDTH - self.left - RIGHT - (len(self.shares) - 1) * between
        x = self.left
        for share in self.shares:
            width = free * share / sum(self.shares)
            yield x, width
            x += width + between


def page_of(rows: Sequence[PageRow], handles: Sequence[Artist]) -> tuple[Sheet, list[list[Axes]]]:
    """Axes of a fixed size, row by row, with the legend below them, however long it is."""
    longest = max((len(str(handle.get_label())) for handle in handles), default=1)
    across = max(1, min(3, int(125 / (longest + 6))))
    total = sum(TOP + row.height + row.below for row in rows)
    if handles:
        total += 0.15 + LEGEND_LINE * math.ceil(len(handles) / across)
    figure, found, y = Sheet(figsize=(WIDTH, total)), [], total
    for row in rows:
        y -= TOP + row.height
        places = [(x / WIDTH, y / total, w / WIDTH, row.height / total) for x, w in row.boxes()]
        found.append([figure.add_axes(place) for place in places])
        y -= row.below
    if handles:
        legend_below(figure, handles, across)
    return figure, found


def legend_below(figure: Sheet, handles: Sequence[Artist], across: int) -> None:
    """The legend at the foot of the page."""
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
    for text in legend.get_texts():
        text.set_text(shortened(one_line(text.get_text()), 9, 72 * (WIDTH - LEGEND_ASIDE)))


def plain(axes: Axes, which: str) -> None:
    """16 rather than 2^4."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axis.set_minor_locator(NullLocator())


def log_ticks(axes: Axes, which: str = "y") -> None:
    """Labels that are round numbers on a log axis, more of them on a short one."""
    axis, limits = (axes.xaxis, axes.set_xlim) if which == "x" else (axes.yaxis, axes.set_ylim)
    low, high = axis.get_view_interval()
    if high < 5 * low:
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
