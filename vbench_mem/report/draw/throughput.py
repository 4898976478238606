"""Clips per second against GFLOP per clip, with lines of equal FLOP/s."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from vbench_mem.report.draw.canvas import Sheet, styled
from vbench_mem.report.draw.labels import Labels
from vbench_mem.report.draw.many import draw_values, log_page, series_handles
from vbench_mem.report.draw.signs import LEVEL
from vbench_mem.report.facets import Facets
from vbench_mem.report.series import ValuePoint
from vbench_mem.report.style import LEVEL_COLOUR


@styled
def draw_throughput(facets: Facets[ValuePoint], levels: Sequence[tuple[float, str]]) -> Sheet:
    """`levels`: TFLOP/s of the lines, and what they are called."""
    return log_page(
        facets.panels,
        series_handles(facets.points),
        draw_values,
        ("GFLOP/clip, forward and backward (left is better)", "clips/s (up is better)"),
        room=(1.25, 1.25),
        label=lambda axes, _: draw_levels(axes, levels),
    )


def draw_levels(axes: Axes, levels: Sequence[tuple[float, str]]) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    lines = []
    for level, text in levels:
        first, last = max(left, 1000 * level / high), min(right, 1000 * level / low)
        if first < last:
            start, end = (first, 1000 * level / first), (last, 1000 * level / last)
            axes.plot(*zip(start, end, strict=True), zorder=1.5, label=text, **LEVEL)
            lines.append((start, end, [text]))
    labels = Labels(axes)
    for line in lines:
        labels.on_line(*line, LEVEL_COLOUR)
