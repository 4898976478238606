"""What a figure of the paper shows, as plain data: rows of panels with marks, bars and lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.report.marks import Mark
from vbench_mem.report.panels import Panel, sweeps
from vbench_mem.report.series import PlotPoint


@dataclass(frozen=True, kw_only=True)
class ExhibitMark:
    """One mark, bar or text; on an axis of memory a run out of memory is a cross.

    kind    `mean` is a pale bar, `pale` a pale square
    x, y    on the axes; y of a lane is its number, and a fraction sets the mark aside, downwards
    point   gives colour and marker; `marker` replaces that of the point
    score   what the mark is filled for, where it has one
    tip     its tooltip; that of the point's row unless given
    aside   points to the right, so that marks on one spot are all seen
    """

    kind: Literal["mark", "pale", "bar", "mean", "text"] = "mark"
    x: float
    y: float
    point: PlotPoint
    label: str = ""
    text: str = ""
    marker: str | None = None
    score: AnyScore | None = None
    tip: Mark | None = None
    aside: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ExhibitPanel:
    """One pair of axes.

    names   of the lanes, where y is no number
    memory  the axis of memory, if one is
    lines   join marks
    level   a vertical line: its value, label and name
    note    why nothing is drawn
    share   of the width of a row
    """

    title: str
    x_label: str = ""
    y_label: str = ""
    marks: list[ExhibitMark]
    names: Sequence[str] = ()
    memory: Literal["x", "y"] | None = None
    lines: list[list[ExhibitMark]] = field(default_factory=list)
    level: tuple[float, str, str] | None = None
    note: str = ""
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ExhibitFigure:
    """Panels of recall above rows of other panels.

    pitch         inches of a lane in the first row, and in the others
    names_series  does the legend name the series? The lanes may do that
    shapes        what markers stand for, where that is not the series
    """

    rows: list[list[ExhibitPanel]]
    recalls: list[Panel] = field(default_factory=list)
    pitch: tuple[float, float] = (0.34, 0.34)
    names_series: bool = False
    shapes: dict[str, str] = field(default_factory=dict)

    @property
    def panels(self) -> list[ExhibitPanel]:
        return [panel for row in self.rows for panel in row]

    @property
    def has_lines(self) -> bool:
        """Are any marks joined that differ in their mask alone?"""
        return any(p.sweeps for p in self.recalls) or any(p.lines for p in self.panels)


def mask_lines(marks: Sequence[ExhibitMark]) -> list[list[ExhibitMark]]:
    """The marks of rows that differ in their mask alone, by mask."""
    by_id = {mark.point.row.cell.id: mark for mark in marks}
    lines = sweeps(mark.point for mark in marks)
    return [[by_id[point.row.cell.id] for point in line] for line in lines]
