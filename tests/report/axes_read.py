"""Lines of a figure by their label, and the points that they go through."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D


def drawn(axes: Axes, label: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def xy(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]
