"""Figure 2 of the paper as plain data: recall panels, and beneath them all memory there is.

The paper prints the recall of masked and of parameter-efficient encoders without numbers, so that a
row may have a memory here and no recall: its lane keeps it in sight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.report.exhibits.words import listed, times
from vbench_mem.report.panels import Panel, at_a_load, is_ours, mask_of, recall_panels, sweeps
from vbench_mem.report.series import Point, memory_points

PRINTED = ("youcook2", "vatex")  # what the paper's figure shows


@dataclass(frozen=True, kw_only=True)
class Lane:
    """Every row of one encoder at one load that has a memory; `lines` join those that
    differ in their mask alone."""

    name: str
    points: list[Point]
    lines: list[list[Point]]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One data set; without any recall there is no panel. All boards have all lanes as soon as one
    panel lacks a row, so that they compare."""

    panel: Panel | None
    lanes: list[Lane]


def boards(joined: Joined) -> list[Board]:
    """A board for each data set that we have a text-to-video recall of, and those of the paper."""
    lanes = lanes_of(joined)
    panels = [
        replace(panel, frontiers={})
        for panel in recall_panels(joined)
        if panel.direction == "t2v"
        and (panel.dataset in PRINTED or any(is_ours(point) for point in panel.points))
    ]
    panels.sort(key=lambda panel: (*PRINTED, panel.dataset).index(panel.dataset))
    if not panels:
        return [Board(panel=None, lanes=lanes)] if lanes else []
    below = lanes if any(lacks(panel, lanes) for panel in panels) else []
    return [Board(panel=panel, lanes=below) for panel in panels]


def lanes_of(joined: Joined) -> list[Lane]:
    found: dict[str, list[Point]] = {}
    for point in memory_points(joined):
        if point.memory:
            found.setdefault(lane_of(point.row), []).append(point)
    return [Lane(name=name, points=points, lines=sweeps(points)) for name, points in found.items()]


def lane_of(row: Row) -> str:
    """The encoder, with what of its load tells it from other rows: `joint_b16 frames=16`."""
    return row.cell.encoder + row.label.removeprefix(row.cell.variant)


def lacks(panel: Panel, lanes: Sequence[Lane]) -> bool:
    """Is there a row that the panel does not show?"""
    shown = {point.row.cell.id for point in panel.points}
    return any(point.row.cell.id not in shown for lane in lanes for point in lane.points)


def is_lean(point: Point) -> bool:
    """Does it train fewer weights than all?"""
    return point.row.cell.recipe.train != "full"


def answer(lanes: Sequence[Lane]) -> str:
    """How much less memory masking takes, and how much the leanest recipe; empty where nothing is
    there to compare."""
    said = []
    every = [line for lane in lanes for line in lane.lines]
    lines = [line for line in every if not is_lean(line[0]) and not mask_of(line[0])]
    if lines:
        most = max(mask_of(line[-1]) for line in lines)
        saved = [
            f"{times(line[0].memory or 0, line[-1].memory or 1)} ({lane_of(line[0].row)})"
            for line in lines
            if mask_of(line[-1]) == most
        ]
        said.append(f"masking {100 * most:g} % divides memory by {listed(saved)}")
    lean = [
        ((full.memory or 0) / (point.memory or 1), point)
        for lane in lanes
        for point in lane.points
        if is_lean(point) and not mask_of(point) and point.ending == "ok"
        for full in lane.points
        if not is_lean(full) and not mask_of(full) and full.ending == "ok"
        if at_a_load(full.row) == at_a_load(point.row) and full.basis == point.basis
    ]
    if lean:
        best, point = max(lean, key=lambda each: each[0])
        said.append(
            f"of recipes that train fewer weights, {point.row.label} divides it "
            f"most, by {times(best, 1)}"
        )
    return f"Here {'; '.join(said)}." if said else ""
