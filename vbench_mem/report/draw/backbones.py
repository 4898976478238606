"""Figure 2 of the paper: recall panels, each with lanes of memory beneath it."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from vbench_mem.report.draw.canvas import LEFT, Shapes, Sheet, page, styled, track_points
from vbench_mem.report.draw.many import series_handles
from vbench_mem.report.draw.recall import (
    ROOM,
    draw_panel,
    draw_sweep,
    line_handles,
    sweep_handle,
)
from vbench_mem.report.draw.signs import Unit, cross, ending_handles, marker, origin_handles
from vbench_mem.report.draw.split import WIDEST, lanes, room, stacked
from vbench_mem.report.exhibits.backbones import Board, Lane
from vbench_mem.report.panels import mask_of
from vbench_mem.report.series import Point, memory_word
from vbench_mem.report.style import markers

PANEL, PITCH, GAP = 2.5, 0.34, 0.25  # inches
ASIDE = 0.42  # of a lane, downwards: rows of no sweep


@styled
def draw_backbones(boards: Sequence[Board]) -> Sheet:
    """A panel for each data set with its lanes, or the lanes alone where there is no recall."""
    points = every_point(boards)
    unit, shapes = Unit.of(points), markers(points)
    handles = [*series_handles(points, shapes), *origin_handles(points), *ending_handles(points)]
    lined = line_handles([board.panel for board in boards if board.panel])
    if not lined and any(lane.lines for lane in boards[0].lanes):
        lined = [sweep_handle()]
    handles += lined
    columns = min(2, len(boards))
    below = PITCH * len(boards[0].lanes)
    left = max(LEFT, min(room((lane.name for lane in boards[0].lanes), 8), WIDEST / columns))
    above = PANEL if boards[0].panel else 0.0
    high = above + (GAP + below if below and above else below)
    sheet, boxes = page(math.ceil(len(boards) / columns), columns, high, handles, left)
    largest = max(unit.of_point(point) for point in points)
    label = f"{memory_word(points)}, {unit.name} (left is better)"
    for box, board in zip(boxes, boards, strict=False):
        heights = [size for size in (above, PITCH * len(board.lanes)) if size]
        parts = stacked(box, heights, GAP)
        if board.panel is not None:
            draw_panel(parts[0], board.panel, unit, shapes)
            parts[0].set_xlabel("")
            parts[0].tick_params(labelbottom=not board.lanes)
        if board.lanes:
            draw_lanes(parts[-1], board.lanes, unit, shapes, left)
        parts[-1].set_xlabel(label, size=9)
        parts[0].set_xlim(0, largest / (1 - ROOM))
    for box in boxes[len(boards) :]:
        box.set_visible(False)
    return sheet


def every_point(boards: Sequence[Board]) -> list[Point]:
    """Of the lanes, then those with a score."""
    laned = [point for board in boards for lane in board.lanes for point in lane.points]
    scored = [p for board in boards if board.panel for p in board.panel.points if p.memory]
    return laned + scored


def draw_lanes(axes: Axes, some: Sequence[Lane], unit: Unit, shapes: Shapes, left: float) -> None:
    """Memory without recall: a lane for each encoder, a line where the mask alone differs."""
    for place, lane in enumerate(some):
        joined = [point for line in lane.lines for point in line]
        for line in lane.lines:
            draw_sweep(axes, line, unit, place)
        for point in lane.points:
            y = place + (0 if point in joined or not lane.lines else ASIDE)
            if point.ending == "oom":
                cross(axes, unit.of_point(point), y, point)
                continue
            (mark,) = axes.plot(
                [unit.of_point(point)],
                [y],
                linestyle="",
                label=f"lane: {point.series}",
                **marker(point, shapes) | {"markersize": 6.0},
            )
            track_points(mark, [point])
    for point in {mask_of(p): p for line in some[0].lines[:1] for p in line}.values():
        axes.annotate(
            f"{100 * mask_of(point):g}",
            (unit.of_point(point), 0),
            (0, 5),
            textcoords="offset points",
            size=7,
            ha="center",
        )
    lanes(axes, [lane.name for lane in some], left=left)
    axes.set_ylim(len(some) - 0.35, -0.7)
    axes.grid(axis="y", visible=False)
    named = " (numbers: % masked)" if some[0].lines else ""
    axes.set_title(f"memory of every row{named}", size=8, loc="left", pad=3)
