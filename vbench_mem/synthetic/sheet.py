"""A contact sheet: some clips of a split, frame beside frame, under their captions.

Imports matplotlib through the report's canvas. Shows the files, not the drawings.
"""

from pathlib import Path

import numpy as np

from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.sample import sample
from vbench_mem.report.canvas import page, styled
from vbench_mem.synthetic.families import SIZES, known_family
from vbench_mem.synthetic.files import FPS

CLIPS, ACROSS = 8, 16
HEIGHT = 0.55  # inches; a sixteenth of the page's width


def write_sheet(found: Benchmark, family: str, size: str, file: Path) -> None:
    """Neighbours of the split's beginning and as many of its end, in frames at equal steps.

    Raises `OSError` where the file cannot be written.
    """
    half = CLIPS // 2
    count = known_family(family).frames
    chosen = [*found.captions[:half], *found.captions[-half:]]
    strips = []
    for caption in chosen:
        clip = found.clips[caption.clips[0]]
        frames = sample(clip.path, count, FPS, SIZES[size]).frames[:: count // ACROSS]
        framed = np.pad(frames, ((0, 0), (0, 0), (0, max(1, SIZES[size] // 32)), (0, 0)))
        strips.append((caption.text, np.concatenate(list(framed), axis=1)))

    @styled
    def draw() -> object:
        figure, boxes = page(len(strips), 1, HEIGHT, [])
        for axes, (text, strip) in zip(boxes, strips, strict=True):
            axes.imshow(strip, interpolation="nearest")
            axes.set_title(text, loc="left")
            axes.set_axis_off()
        return figure

    draw().savefig(file, dpi=150)
