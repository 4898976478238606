"""Figure 2 of the paper: recall against memory, and beneath it the memory of every row.

The paper prints the recall of masked and of parameter-efficient encoders without numbers, so that a
row may have a memory here and no recall: its lane shows it all the same.
"""

from collections.abc import Mapping, Sequence

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.report.exhibits.plot import (
    ExhibitFigure,
    ExhibitMark,
    ExhibitPanel,
    mask_lines,
    recall_rows,
)
from vbench_mem.report.exhibits.words import NO_MEMORY, exhibit, listed, skipped, times, whose
from vbench_mem.report.panels import at_a_load, is_ours, mask_of, recall_panels, sweeps
from vbench_mem.report.plan import Plan
from vbench_mem.report.series import PlotPoint, memory_points, memory_word

PRINTED = ("youcook2", "vatex")  # what the paper's figure shows
ASIDE = 0.34  # of a lane, downwards: rows of no sweep
NOT_PRINTED = (
    "recall of masked and of parameter-efficient encoders, which the paper draws without numbers "
    "and which was not measured here"
)
Lanes = Mapping[str, Sequence[PlotPoint]]


def plan(joined: Joined) -> Plan:
    lanes, figure = lanes_of(joined), figure_of(joined)
    if not lanes:
        return skipped("figure2", NO_MEMORY)
    laned = [point for points in lanes.values() for point in points]
    scored = [mark.point for mark in figure.marks if mark.score]
    return exhibit(
        "figure2",
        figure,
        len(laned),
        answer(lanes),
        whose(laned + scored),
        "A thin line joins rows that differ in their mask alone." if figure.has_lines else "",
        "The lanes show the memory of all rows, also where no recall is known."
        if any(panel.names for panel in figure.panels)
        else "",
        missing=[] if any(map(is_ours, scored)) else [NOT_PRINTED],
    )


def figure_of(joined: Joined) -> ExhibitFigure:
    """Panels of each data set that we have a text-to-video recall of, and of the paper's; the lanes
    as soon as one panel lacks a row."""
    lanes = lanes_of(joined)
    panels = [
        panel
        for panel in recall_panels(joined)
        if panel.direction == "t2v"
        and (panel.dataset in PRINTED or any(is_ours(point) for point in panel.points))
    ]
    panels.sort(key=lambda panel: (*PRINTED, panel.dataset).index(panel.dataset))
    every = {point.row.cell.id for points in lanes.values() for point in points}
    complete = panels and all(every <= {p.row.cell.id for p in panel.points} for panel in panels)
    rows = recall_rows(panels)
    if lanes and not complete:
        rows.append([lane_panel(lanes)])
    return ExhibitFigure(rows=rows, names_series=True, pitch=(0.4, 0.4))


def lanes_of(joined: Joined) -> dict[str, list[PlotPoint]]:
    """Every row with a memory, by encoder and load."""
    found: dict[str, list[PlotPoint]] = {}
    for point in memory_points(joined):
        found.setdefault(lane_of(point.row), []).append(point)
    return found


def lane_of(row: Row) -> str:
    """The encoder, with what of its load tells it from other rows: `joint_b16 frames=16`."""
    return row.cell.encoder + row.label.removeprefix(row.cell.variant)


def lane_panel(lanes: Lanes) -> ExhibitPanel:
    """Rows of a sweep on their lane, the first ones with their mask; the others beside it."""
    every = [point for points in lanes.values() for point in points]
    lines = sweeps(every)
    swept = {point.row.cell.id for line in lines for point in line}
    first = next(iter(lanes))
    numbered = {p.row.cell.id for p in (lines[0] if lines else ()) if lane_of(p.row) == first}
    marks = []
    for place, points in enumerate(lanes.values()):
        has_line = any(point.row.cell.id in swept for point in points)
        for point in points:
            is_aside = has_line and point.row.cell.id not in swept
            mark = ExhibitMark(
                x=point.size,
                y=place + ASIDE * is_aside,
                point=point,
                label=f"lane: {point.series}",
                text=f"{100 * mask_of(point):g}" if point.row.cell.id in numbered else "",
            )
            marks.append(mark)
    return ExhibitPanel(
        title=f"memory of every row{' (numbers: % masked)' if numbered else ''}",
        x_label=f"{memory_word(every)}, {every[0].scheme.unit.name} (left is better)",
        marks=marks,
        names=list(lanes),
        memory="x",
        lines=mask_lines(marks),
    )


def answer(lanes: Lanes) -> str:
    """How much less memory masking takes, and how much the leanest recipe; empty where nothing can
    be compared."""
    texts = []
    every = [line for points in lanes.values() for line in sweeps(points)]
    lines = [line for line in every if not is_lean(line[0]) and not mask_of(line[0])]
    if lines:
        most = max(mask_of(line[-1]) for line in lines)
        saved = [
            f"{times(line[0].bytes, line[-1].bytes)} ({lane_of(line[0].row)})"
            for line in lines
            if mask_of(line[-1]) == most
        ]
        texts.append(f"masking {100 * most:g} % divides memory by {listed(saved)}")
    lean = [
        (full.bytes / point.bytes, point)
        for points in lanes.values()
        for point in points
        if is_lean(point) and not mask_of(point) and not point.row.is_out_of_memory
        for full in points
        if not is_lean(full) and not mask_of(full) and not full.row.is_out_of_memory
        if at_a_load(full.row) == at_a_load(point.row) and full.basis == point.basis
    ]
    if lean:
        best, point = max(lean, key=lambda each: each[0])
        texts.append(
            f"of recipes that train fewer weights, {point.row.label} divides it "
            f"most, by {times(best, 1)}"
        )
    return f"Here {'; '.join(texts)}." if texts else ""


def is_lean(point: PlotPoint) -> bool:
    """Does it train fewer weights than all?"""
    return point.row.cell.recipe.train != "full"
