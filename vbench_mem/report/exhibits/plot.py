"""What a figure of the paper shows, as plain data: rows of panels with marks, bars and lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.report.marks import Mark
from vbench_mem.report.panels import Panel, RecallLevel, is_ours, reach, sweeps, value
from vbench_mem.report.series import PlotPoint, memory_word


@dataclass(frozen=True, kw_only=True)
class ExhibitMark:
    """One mark, bar or text; on an axis of memory a run out of memory is a cross.

    kind    `mean` is a pale bar, `pale` a pale square
    x, y    on the axes; y of a lane is its number, and a fraction sets the mark aside, downwards
    point   gives colour and marker; `marker` replaces that of the point
    score   what the mark is filled for, where it has one
    tip     its tooltip; that of the point's row unless given
    aside   points to the right, so that marks on one spot are all seen
    span    from the lowest to the highest seed, in y
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
    span: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ExhibitPanel:
    """One pair of axes.

    names      of the lanes, where y is no number
    memory     the axis of memory, if one is
    lines      join marks; `frontiers` are places that a dashed line joins
    levels     horizontal lines of recall
    level      a vertical line: its value, label and name
    note       why nothing is drawn
    share      of the width of a row
    """

    title: str
    x_label: str = ""
    y_label: str = ""
    marks: list[ExhibitMark]
    names: Sequence[str] = ()
    memory: Literal["x", "y"] | None = None
    lines: list[list[ExhibitMark]] = field(default_factory=list)
    frontiers: list[list[tuple[float, float]]] = field(default_factory=list)
    levels: tuple[RecallLevel, ...] = ()
    level: tuple[float, str, str] | None = None
    note: str = ""
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ExhibitFigure:
    """Rows of panels.

    pitch         inches of a lane in the first row, and in the others
    names_series  does the legend name the series? The lanes may do that
    shapes        what markers stand for, where that is not the series
    """

    rows: list[list[ExhibitPanel]]
    pitch: tuple[float, float] = (0.34, 0.34)
    names_series: bool = False
    shapes: dict[str, str] = field(default_factory=dict)

    @property
    def panels(self) -> list[ExhibitPanel]:
        return [panel for row in self.rows for panel in row]

    @property
    def marks(self) -> list[ExhibitMark]:
        return [mark for panel in self.panels for mark in panel.marks]

    @property
    def has_lines(self) -> bool:
        """Are any marks joined that differ in their mask alone?"""
        return any(panel.lines for panel in self.panels)


def mask_lines(marks: Sequence[ExhibitMark]) -> list[list[ExhibitMark]]:
    """The marks of rows that differ in their mask alone, by mask; without published recalls."""
    by_point = {id(mark.point): mark for mark in marks}
    lines = sweeps(mark.point for mark in marks if is_ours(mark.point))
    return [[by_point[id(point)] for point in line] for line in lines]


def recall_rows(
    panels: Sequence[Panel], *, with_frontier: bool = False
) -> list[list[ExhibitPanel]]:
    """Memory against recall, two panels beside each other."""
    parts = [recall_panel(panel, with_frontier=with_frontier) for panel in panels]
    return [parts[at : at + 2] for at in range(0, len(parts), 2)]


def recall_panel(panel: Panel, *, with_frontier: bool) -> ExhibitPanel:
    points, marks = panel.points, []
    has_several = len({point.frames for point in points}) > 1
    for point in points:
        low, high = (100 * end for end in reach(point))
        mark = ExhibitMark(
            x=point.size,
            y=100 * value(point),
            point=point,
            label=point.series,
            text=f"{point.frames} fr" if has_several else "",
            score=point.score,
            span=(low, high) if low < high else None,
        )
        marks.append(mark)
    best = panel.frontiers.values() if with_frontier else ()
    return ExhibitPanel(
        title=panel.title,
        x_label=f"{memory_word(points)}, {points[0].scheme.unit.name} (left is better)",
        y_label="R@1, % (up is better)",
        marks=marks,
        memory="x",
        lines=mask_lines(marks),
        frontiers=[[(point.size, 100 * value(point)) for point in some] for some in best],
        levels=panel.levels,
    )
