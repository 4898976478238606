"""Loss against step, a panel for each stage of the trainings."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vbench_mem.report.curves import LossPanel
from vbench_mem.report.draw.canvas import SIZE, Sheet, log_ticks, plain, styled
from vbench_mem.report.draw.many import grid
from vbench_mem.report.draw.signs import LEVEL, Level, draw_levels, name_levels

WIDE = 6.0  # highest over lowest loss, above which a linear axis hides the end
MARKS = 6  # on a line


@styled
def draw_losses(panels: Sequence[LossPanel]) -> Sheet:
    """A line for each encoder, the mean over seeds, with a band from the lowest to the highest."""
    lines = {line.label: line for panel in panels for line in panel.lines}
    handles = [
        Line2D([], [], color=line.colour, marker=line.marker, markersize=SIZE - 2, label=name)
        for name, line in lines.items()
    ]
    sheet, boxes = grid([panel.title for panel in panels], handles)
    for axes, panel in zip(boxes, panels, strict=True):
        draw_panel(axes, panel)
    return sheet


def draw_panel(axes: Axes, panel: LossPanel) -> None:
    for number, line in enumerate(panel.lines):
        every = max(1, len(line.steps) // MARKS)
        if line.seeds > 1:
            band = line.steps, line.low, line.high
            axes.fill_between(*band, color=line.colour, alpha=0.15, linewidth=0)
        axes.plot(
            line.steps,
            line.mean,
            color=line.colour,
            linewidth=1.3,
            marker=line.marker,
            markersize=SIZE - 2.5,
            markevery=(number % every, every),
            label=line.label,
        )
    levels = []
    if panel.guess is not None:
        text = f"a guess: ln {math.exp(panel.guess):.0f} = {panel.guess:.3g}"
        levels = [Level(panel.guess, [text], LEVEL)]
    draw_levels(axes, levels)
    lowest = min(min(line.low) for line in panel.lines)
    highest = max(max(line.high) for line in panel.lines)
    axes.margins(x=0.01)
    if lowest > 0 and highest > WIDE * lowest:
        axes.set_yscale("log", base=10)
        log_ticks(axes)
    else:
        plain(axes, "y")
    name_levels(axes, levels)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats (down is better)")
