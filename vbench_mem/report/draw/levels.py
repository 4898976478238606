"""Horizontal lines for what is known without an encoder, labelled where nothing else is."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes

from vbench_mem.report.panels import Level
from vbench_mem.report.style import LEVEL_COLOUR

SIZE = 8.0  # points; a letter is about half as wide, and a line of text 1.3 times as high
LETTER, LINE, GAP = 0.55 * SIZE, 1.3 * SIZE, 2.0
MARK = 6.0  # points around the middle of a mark
STEP = 8.0  # points of a line that one box covers


@dataclass(frozen=True)
class Box:
    """In points, from the lower left corner of the axes."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high


@dataclass(frozen=True)
class Scale:
    """From data to points of axes whose limits no longer change."""

    axes: Axes

    @property
    def size(self) -> tuple[float, float]:
        figure = self.axes.figure.get_figure(root=True)
        assert figure is not None
        wide, high = figure.get_size_inches()
        box = self.axes.get_position()
        return 72 * wide * box.width, 72 * high * box.height

    def place(self, x: float, y: float) -> tuple[float, float]:
        spans = (self.axes.get_xlim(), self.axes.get_ylim())
        shares = [(at - low) / (high - low) for at, (low, high) in zip((x, y), spans, strict=True)]
        return shares[0] * self.size[0], shares[1] * self.size[1]

    def mark(self, x: float, low: float, high: float) -> Box:
        """Of a mark with a bar from `low` to `high`, on linear axes."""
        (left, bottom), (_, top) = self.place(x, low), self.place(x, high)
        return Box(left - MARK, bottom - MARK, left + MARK, top + MARK)


def draw_levels(
    axes: Axes,
    levels: Sequence[Level],
    marks: Iterable[tuple[float, float, float]],
    lines: Iterable[Sequence[tuple[float, float]]] = (),
) -> None:
    """The lines and their labels, after the limits of the axes are set; `marks` are the x and the
    lowest and highest y of what is drawn, which the labels keep clear of, and so they do of
    `lines` through such places."""
    scale = Scale(axes)
    taken = [scale.mark(*each) for each in marks]
    for line in lines:
        taken += along([scale.place(*each) for each in line])
    heights = {level: scale.place(0, 100 * level.share)[1] for level in levels}
    for level in levels:
        texts = wordings(level)
        axes.axhline(
            100 * level.share,
            color=LEVEL_COLOUR,
            linewidth=0.9,
            linestyle=(0, (5, 3)),
            label=texts[0],
        )
        others = [at for other, at in heights.items() if other is not level]
        free = {box: t for t in texts for box in places(t, heights[level], scale.size)}
        box = freest(free, taken, others)
        taken.append(box)
        axes.annotate(
            free[box],
            (0, 0),
            (box.left, box.low + GAP / 2),
            xycoords="axes fraction",
            textcoords="offset points",
            color=LEVEL_COLOUR,
            size=SIZE,
            linespacing=1.1,
        )


def wordings(level: Level) -> list[str]:
    """In one line, and where its name has two parts in two, for a crowded panel."""
    share = f"{100 * level.share:.3g} %"
    head, _, rest = level.name.partition(": ")
    return [f"{level.name}, {share}", *([f"{head}, {share}:\n{rest}"] if rest else [])]


def along(line: Sequence[tuple[float, float]]) -> Iterator[Box]:
    """Small boxes that cover every segment of a line, all in points."""
    for (x, y), (x1, y1) in pairwise(line):
        count = max(1, math.ceil(math.hypot(x1 - x, y1 - y) / STEP))
        xs = [x + (x1 - x) * part / count for part in range(count + 1)]
        ys = [y + (y1 - y) * part / count for part in range(count + 1)]
        for (left, right), (low, high) in zip(pairwise(xs), pairwise(ys), strict=True):
            yield Box(
                min(left, right) - 1, min(low, high) - 1, max(left, right) + 1, max(low, high) + 1
            )


def places(text: str, height: float, size: tuple[float, float]) -> Iterator[Box]:
    """Above and below the line, at the right, at the left, and between; the best ones first."""
    lines = text.split("\n")
    wide, high = LETTER * max(map(len, lines)), LINE * len(lines)
    for low in (height + GAP, height - GAP - high):
        if low >= 0 and low + high <= size[1]:
            for share in (1.0, 0.0, 0.5, 0.25, 0.75):
                left = GAP + share * (size[0] - wide - 2 * GAP)
                yield Box(left, low, left + wide, low + high)


def freest(boxes: Iterable[Box], taken: Sequence[Box], lines: Sequence[float]) -> Box:
    """The first box that meets least."""

    def met(box: Box) -> int:
        struck = sum(box.low < at < box.high for at in lines)
        return struck + sum(box.meets(other) for other in taken)

    return min(boxes, key=met)
