"""What a figure of lanes shows, as plain data: a lane for each name, marks and bars along it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.report.marks import Mark
from vbench_mem.report.panels import Panel
from vbench_mem.report.series import PlotPoint

Kind = Literal["mark", "bar", "mean", "text"]


@dataclass(frozen=True, kw_only=True)
class LaneMark:
    """One mark, bar or text; a run out of memory is a cross whatever its kind.

    lane    number of its lane; a fraction sets it aside, downwards
    value   on the horizontal axis
    point   gives colour and marker; `marker` replaces that of the point
    score   what the mark is filled for, where it has one
    mark    its tooltip; that of the point's row unless given
    """

    kind: Kind = "mark"
    lane: float
    value: float
    point: PlotPoint
    label: str = ""
    text: str = ""
    marker: str | None = None
    score: AnyScore | None = None
    mark: Mark | None = None


@dataclass(frozen=True, kw_only=True)
class LanePanel:
    """`lines` join marks; `note` is why nothing is drawn; `levels` are vertical lines: their
    value, label and name; `share` is that of the width."""

    title: str
    axis: str = ""
    marks: list[LaneMark]
    lines: list[list[LaneMark]] = field(default_factory=list)
    levels: tuple[tuple[float, str, str], ...] = ()
    note: str = ""
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class LaneRow:
    """Panels beside each other that have the same lanes; `pitch` is inches of a lane."""

    names: list[str]
    panels: list[LanePanel]
    pitch: float = 0.34


@dataclass(frozen=True, kw_only=True)
class LaneFigure:
    """Panels of recall above rows of lanes.

    names_series  does the legend name the series? The lanes may do that
    shapes        what markers stand for, where that is not the series
    """

    recalls: list[Panel] = field(default_factory=list)
    rows: list[LaneRow]
    names_series: bool = False
    shapes: dict[str, str] = field(default_factory=dict)

    @property
    def panels(self) -> Iterator[LanePanel]:
        for row in self.rows:
            yield from row.panels

    @property
    def marks(self) -> list[LaneMark]:
        return [mark for panel in self.panels for mark in panel.marks]
