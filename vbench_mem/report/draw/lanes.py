"""Figures of lanes: marks and bars along a lane for each name, under panels of recall."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.report.draw.canvas import PageRow, Sheet, page_of, set_tips, styled
from vbench_mem.report.draw.labels import width
from vbench_mem.report.draw.many import bar_text, left_of, name_lanes, series_handles
from vbench_mem.report.draw.recall import draw_panel, draw_sweep, line_handles, sweep_handle
from vbench_mem.report.draw.signs import (
    GREY,
    cross,
    ending_handles,
    grey,
    limits,
    marker,
    origin_handles,
    with_memory,
)
from vbench_mem.report.exhibits.lanes import LaneFigure, LaneMark, LanePanel, LaneRow
from vbench_mem.report.marks import mark_of
from vbench_mem.report.panels import Panel
from vbench_mem.report.series import MemoryPoint
from vbench_mem.report.style import LIMIT_COLOUR

RECALL, GAP, TIGHT = 2.7, 0.25, 0.2  # inches: a panel of recall, between panels, between rows
SIZE = 9  # of names, in points
BAR = 0.7  # of a lane
EDGE, TEXT = 0.07, 0.16  # of the width: beyond the outermost marks, and for a text there
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


@styled
def draw_lanes(figure: LaneFigure) -> Sheet:
    left = left_of([name for row in figure.rows for name in row.names] or [""], SIZE)
    pairs = [figure.recalls[at : at + 2] for at in range(0, len(figure.recalls), 2)]
    columns = (1.0,) * min(2, len(figure.recalls))
    rows = [PageRow(RECALL, columns) for _ in pairs]
    for row in figure.rows:
        shares = tuple(panel.share for panel in row.panels)
        below = {} if row is figure.rows[-1] else {"below": TIGHT}
        high = 0.1 + row.pitch * len(row.names)
        rows.append(PageRow(high, shares, left, between=GAP, **below))
    sheet, found = page_of(rows, handles_of(figure))
    for boxes, pair in zip(found, pairs, strict=False):
        draw_panels(boxes, pair)
    lanes = found[len(pairs) :]
    for boxes, row in zip(lanes, figure.rows, strict=True):
        draw_row(boxes, row, named=row is figure.rows[0])
    if len(lanes) > 1:  # memory at several loads, to be compared
        right = max(boxes[0].get_xlim()[1] for boxes in lanes)
        for boxes in lanes:
            boxes[0].set_xlim(0, right)
        for boxes in lanes[:-1]:
            boxes[0].tick_params(labelbottom=False)
    return sheet


def handles_of(figure: LaneFigure) -> list[Line2D]:
    points = with_memory(point for panel in figure.recalls for point in panel.points)
    scores = [*(point.score for point in points), *(mark.score for mark in figure.marks)]
    laned = [mark.point for mark in figure.marks]
    handles = series_handles([*laned, *points]) if figure.names_series else []
    handles += [grey(shape, name) for name, shape in figure.shapes.items()]
    handles += origin_handles(scores)
    handles += ending_handles([p for p in (*laned, *points) if isinstance(p, MemoryPoint)])
    lined = line_handles(figure.recalls)
    if not any(panel.sweeps for panel in figure.recalls) and any(p.lines for p in figure.panels):
        lined.append(sweep_handle())
    return handles + lined


def draw_panels(boxes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    for axes, panel in zip(boxes, panels, strict=False):
        draw_panel(axes, panel)
    for axes in boxes[len(panels) :]:
        axes.set_visible(False)


def draw_row(boxes: Sequence[Axes], row: LaneRow, *, named: bool) -> None:
    for axes, panel in zip(boxes, row.panels, strict=True):
        name_lanes(axes, row.names, SIZE)
        axes.tick_params(axis="y", length=0, labelleft=axes is boxes[0])
        axes.set_title(panel.title, size=10, loc="left", pad=4)
        axes.set_xlabel(panel.axis, size=9)
        if panel.note:
            axes.annotate(panel.note, (0.5, 0.5), xycoords="axes fraction", ha="center", size=9)
            axes.set_xticks([])
            continue
        draw_lane_panel(axes, panel, named=named)


def draw_lane_panel(axes: Axes, panel: LanePanel, *, named: bool) -> None:
    """Bars and memory start at 0; losses lie on both sides of it."""
    for line in panel.lines:
        points = [mark.point for mark in line if isinstance(mark.point, MemoryPoint)]
        draw_sweep(axes, points, [(mark.value, mark.lane) for mark in line])
    for mark in panel.marks:
        draw_mark(axes, mark, is_above=bool(panel.lines))
    memory = [mark.point for mark in panel.marks if isinstance(mark.point, MemoryPoint)]
    limits(axes, memory, horizontal=False)
    values = [mark.value for mark in panel.marks] + [level[0] for level in panel.levels]
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    texts = [mark.text for mark in panel.marks if mark.text]
    room = (TEXT if panel.share == 1 else 2 * TEXT) if texts and not panel.lines else EDGE
    is_two_sided = low < 0 or not (memory or texts)
    axes.set_xlim(low - EDGE * span * is_two_sided, high + room * span)
    if is_two_sided:
        axes.axvline(0, color=GREY, linewidth=0.8)
    for level in panel.levels:
        draw_level(axes, *level, named=named)


def draw_mark(axes: Axes, mark: LaneMark, *, is_above: bool) -> None:
    point = mark.point
    if isinstance(point, MemoryPoint) and point.ending == "oom":
        cross(axes, mark.value, mark.lane, point)
        return
    if mark.kind == "text":
        bar_text(axes, mark.value, mark.lane, mark.text)
        return
    if mark.kind == "mark":
        how = marker(point, mark.score)
        if mark.marker is not None:
            how["marker"] = mark.marker
        (artist,) = axes.plot([mark.value], [mark.lane], label=mark.label, **how)
    else:
        alpha = 0.35 if mark.kind == "mean" else None
        (artist,) = axes.barh(mark.lane, mark.value, height=BAR, color=point.colour, alpha=alpha)
    set_tips(artist, mark.mark or mark_of(point.row))
    if mark.text:
        place: dict[str, Any] = (
            {"ha": "center", "size": 7} if is_above else {"va": "center", "size": 9}
        )
        axes.annotate(
            mark.text,
            (max(mark.value, 0.0) if mark.kind == "bar" else mark.value, mark.lane),
            (0, 6) if is_above else (7, 0),
            textcoords="offset points",
            bbox=None if is_above else WHITE,
            **place,
        )


def draw_level(axes: Axes, value: float, label: str, name: str, *, named: bool) -> None:
    """A vertical line, named at the side where there is room."""
    axes.axvline(value, color=LIMIT_COLOUR, linewidth=1.2, linestyle="--", zorder=1, label=label)
    if named:
        right, figure = axes.get_xlim()[1], axes.figure
        room = 72 / figure.dpi * axes.bbox.width * (1 - value / right)
        fits = room > width(name, 8) + 4
        axes.annotate(
            name,
            (value, 0),
            (4 if fits else -4, 4),
            ha="left" if fits else "right",
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=LIMIT_COLOUR,
            size=8,
        )
