"""Labels where they cover nothing else. Boxes are in points from the figure's lower left corner.

The limits of the axes must no longer change once a label is placed.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path

from vbench_mem.report.style import NEUTRAL

SIZE = 8.0  # of a label, in points
WIDER = 1.03  # a page may have another font
LINE = 1.3  # height of a line of text, of its size
OVER = 10  # to cover another label is worse than to cover a mark or a line
MARK = 5.0  # points around the middle of a mark
STEP = 8.0  # points of a line that one box covers
NEAR, RINGS, RING = 8.0, 4, 11.0  # points: from a mark to its label, and farther each time
CLEAR = 2.0  # points between a label and its line or the edge of the axes
OUT = 1000
CUT = "\N{HORIZONTAL ELLIPSIS}"
ALONG = (1.0, 0.0, 0.5, 0.9, 0.75, 0.25)  # shares of a line's length, the best ones first
VEIL: dict[str, Any] = {"facecolor": "#FFFFFF", "alpha": 0.8, "linewidth": 0, "pad": 0.6}
XY = tuple[float, float]


@dataclass(frozen=True)
class Box:
    left: float
    low: float
    right: float
    high: float

    def meets(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high

    def grown(self, by: float) -> "Box":
        return Box(self.left - by, self.low - by, self.right + by, self.high + by)


class Labels:
    """What is drawn in one axes, and the labels put into the rest."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        figure = axes.figure.get_figure(root=True)
        assert figure is not None
        self.scale = 72 / figure.dpi
        self.taken: list[Box] = []
        self.texts: list[Box] = []
        self.inside = Box(*(self.scale * float(end) for end in axes.bbox.extents))
        for line in axes.lines:
            places = self.scale * line.get_transform().transform(line.get_xydata())
            if line.get_marker() not in ("", "None"):
                self.taken += [Box(x, y, x, y).grown(MARK) for x, y in places]
            if line.get_linestyle() != "None":
                self.avoid_line(places)
        for path in (path for bars in axes.collections for path in bars.get_paths()):
            self.avoid_line(self.scale * axes.transData.transform(path.vertices))

    def avoid_line(self, places: Iterable[XY]) -> None:
        """Keep labels a point away from a line that is straight between these places."""
        for start, end in pairwise(places):
            count = max(1, math.ceil(math.dist(start, end) / STEP))
            pieces = np.linspace(start, end, count + 1).tolist()
            for one, other in pairwise(pieces):
                (left, right), (low, high) = map(sorted, zip(one, other, strict=True))
                self.taken.append(Box(left, low, right, high).grown(1))

    def point(self, x: float, y: float) -> XY:
        across, up = self.axes.transData.transform((x, y))
        return self.scale * float(across), self.scale * float(up)

    def met(self, box: Box) -> int:
        """How much is in its way; outside the axes is worse than anything."""
        inside = self.inside.grown(-CLEAR)
        fits = inside.left <= box.left and box.right <= inside.right
        fits = fits and inside.low <= box.low and box.high <= inside.high
        marks = sum(box.meets(other) for other in self.taken)
        return marks + OVER * sum(box.meets(other) for other in self.texts) + (not fits) * OUT

    def write(self, text: str, box: Box, at: XY | None = None, **how: Any) -> Annotation:
        """The text in the box, which is taken from now on; `at`: the place an arrow goes to."""
        self.texts.append(box)
        across, up = (self.inside.left, self.inside.low) if at is None else self.point(*at)
        return self.axes.annotate(
            text,
            (0, 0) if at is None else at,
            (box.left - across, box.low - up + 0.2 * how["size"]),
            xycoords="axes fraction" if at is None else "data",
            textcoords="offset points",
            linespacing=1.1,
            **how,
        )

    def at_mark(
        self, at: XY, text: str, color: str, size: float = SIZE, rings: int = RINGS
    ) -> Annotation | None:
        """Beside the mark, in words that can be read, with a thin line of the colour to it where
        they had to go far; None without room."""
        for ring, box in beside(*self.point(*at), *extent(text, size), rings):
            if not self.met(box):
                arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.5} if ring else None
                return self.write(text, box, at, size=size, color=NEUTRAL, arrowprops=arrow)
        return None

    def on_level(self, y: float, texts: Sequence[str], color: str) -> None:
        """`on_line` of a horizontal line."""
        left, right = self.axes.get_xlim()
        self.on_line((left, y), (right, y), texts, color)

    def on_line(self, start: XY, end: XY, texts: Sequence[str], color: str) -> None:
        """Above or below a straight line, in the wording and at the place that meet least."""
        ends = *self.point(*start), *self.point(*end)
        boxes = {box: text for text in texts for box in along(*ends, *extent(text, SIZE))}
        box = min(boxes, key=self.met)
        veil = VEIL if self.met(box) else None
        self.write(boxes[box], box, size=SIZE, color=color, bbox=veil)


def along(x: float, y: float, x1: float, y1: float, wide: float, high: float) -> Iterator[Box]:
    """Boxes above a line that goes to the right, then such below it, the best ones first."""
    slope = (y1 - y) / (x1 - x)
    for is_above in (True, False):
        for share in ALONG:
            left = x + CLEAR + share * max(0.0, x1 - x - wide - 2 * CLEAR)
            heights = [y + slope * (place - x) for place in (left, left + wide)]
            low = max(heights) + CLEAR if is_above else min(heights) - CLEAR - high
            yield Box(left, low, left + wide, low + high)


def extent(text: str, size: float) -> XY:
    """Width and height of a text, in points."""
    lines = text.split("\n")
    return max(width(line, size) for line in lines), LINE * size * len(lines)


def width(text: str, size: float) -> float:
    """Of a line of text, in points."""
    wide, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)
    return WIDER * float(wide)


def shortened(text: str, size: float, room: float) -> str:
    """The text, or as much of its start and its end as `room` points hold."""
    if width(text, size) <= room:
        return text
    for count in range(len(text) - 1, 0, -1):
        cut = text[: count // 2] + CUT + text[len(text) - (count + 1) // 2 :]
        if width(cut, size) <= room:
            return cut
    return CUT


def beside(
    across: float, up: float, wide: float, high: float, rings: int
) -> Iterator[tuple[int, Box]]:
    """Boxes of a label around a mark with their ring, the best ones first."""
    for ring in range(rings):
        far = NEAR + ring * RING
        right, left, middle = across + far, across - far - wide, across - wide / 2
        above, below, level = up + far - 2, up - far - high + 2, up - high / 2
        corners = [(right, level), (left, level), (middle, above), (middle, below)]
        corners += [(x, low) for low in (above, below) for x in (right - 3, left + 3)]
        for x, low in corners:
            yield ring, Box(x, low, x + wide, low + high)
