"""A contact sheet: some clips of a split, frame beside frame, under their captions.

Shows the decoded files, not the drawings.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vbench_mem.base.errors import cannot_write
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.sample import sample
from vbench_mem.data.synthetic.files import FPS
from vbench_mem.data.synthetic.tasks import SIZES, known_task
from vbench_mem.report.draw.canvas import WIDTH, styled

CLIPS, ACROSS = 8, 16
ROW, GAP = WIDTH / ACROSS, 0.3  # inches
GROUND = 255
Strip = NDArray[np.uint8]


def write_sheet(found: Benchmark, task: str, size: str, file: Path) -> None:
    """The first clips of the split and the last ones, each as frames at equal steps.

    Raises `UsageError` where the file cannot be written.
    """
    chosen = [*found.captions[: CLIPS // 2], *found.captions[-CLIPS // 2 :]]
    count, side_px = known_task(task).frames, SIZES[size]
    strips = [(one.text, strip(found.clips[one.clips[0]].path, count, side_px)) for one in chosen]
    try:
        draw_sheet(strips).savefig(file, format="png", dpi=150)
    except OSError as error:
        raise cannot_write(file, error, "choose another with --strip") from error


def strip(path: Path, count: int, side_px: int) -> Strip:
    """Frames beside each other, with a line between."""
    frames = sample(path, count, FPS, side_px).frames[:: count // ACROSS]
    line = max(1, side_px // 32)
    framed = np.pad(frames, ((0, 0), (0, 0), (0, line), (0, 0)), constant_values=GROUND)
    return np.concatenate(list(framed), axis=1)


@styled
def draw_sheet(strips: list[tuple[str, Strip]]) -> Figure:
    height = len(strips) * (ROW + GAP)
    figure = Figure(figsize=(WIDTH, height))
    for number, (text, pixels) in enumerate(strips):
        bottom = 1 - (number + 1) / len(strips)
        axes = figure.add_axes((0, bottom, 1, ROW / height))
        axes.imshow(pixels, interpolation="nearest", aspect="auto")
        axes.set_title(text, loc="left", fontsize=10, pad=3)
        axes.set_axis_off()
    return figure
