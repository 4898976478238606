"""Lines of a figure by their label, and the points that they go through."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D


def drawn(axes: Axes, label: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def xy(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]


def legend_of(sheet: Figure) -> list[str]:
    """The names in the legend of a figure that has one."""
    return [text.get_text() for text in sheet.legends[0].get_texts()]
