"""Lines of a figure by their label, and the points that they go through."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vbench_mem.report.draw.canvas import Sheet
from vbench_mem.report.draw.exhibit import draw_exhibit
from vbench_mem.report.exhibits.plot import ExhibitFigure, recall_rows
from vbench_mem.report.panels import Panel


def drawn(axes: Axes, label: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def xy(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]


def legend_of(sheet: Figure) -> list[str]:
    """The names in the legend of a figure that has one."""
    return [text.get_text() for text in sheet.legends[0].get_texts()]


def draw_memory_recall(panels: list[Panel]) -> Sheet:
    return draw_exhibit(
        ExhibitFigure(rows=recall_rows(panels, with_frontier=True), names_series=True)
    )
