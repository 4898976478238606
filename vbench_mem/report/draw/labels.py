"""Labels where they cover nothing else. Boxes are in points from the figure's lower left corner.

The limits of the axes must no longer change once a label is placed.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

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
CLEAR = 2.0  # points that a label stays within the axes
OUT = 1000
CUT = "\N{HORIZONTAL ELLIPSIS}"
ALONG_LEVEL = (1.0, 0.0, 0.5, 0.25, 0.75)  # places along a horizontal line, the best ones first
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


class Labels:
    """What is taken of one axes, and the labels put into the rest."""

    def __init__(self, axes: Axes, marks: Iterable[XY] = ()) -> None:
        self.axes = axes
        figure = axes.figure.get_figure(root=True)
        assert figure is not None
        self.scale = 72 / figure.dpi
        self.taken: list[Box] = []
        self.texts: list[Box] = []
        (left, low), (right, high) = axes.bbox.min, axes.bbox.max
        self.inside = Box(*(self.scale * float(end) for end in (left, low, right, high)))
        for mark in marks:
            self.avoid(*mark)

    def point(self, x: float, y: float) -> XY:
        across, up = self.axes.transData.transform((x, y))
        return self.scale * float(across), self.scale * float(up)

    def avoid(self, x: float, low: float, high: float | None = None) -> None:
        """Keep labels away from a mark, and from its bar up to `high`."""
        across, bottom = self.point(x, low)
        _, top = self.point(x, low if high is None else high)
        self.taken.append(Box(across - MARK, bottom - MARK, across + MARK, top + MARK))

    def avoid_line(self, line: Iterable[XY], far: float = 1.0) -> None:
        """Keep labels so many points away from a line that is straight between these places."""
        for (x, y), (x1, y1) in pairwise([self.point(*place) for place in line]):
            count = max(1, math.ceil(math.hypot(x1 - x, y1 - y) / STEP))
            for part in range(count):
                xs = sorted(x + (x1 - x) * (part + end) / count for end in (0, 1))
                ys = sorted(y + (y1 - y) * (part + end) / count for end in (0, 1))
                self.taken.append(Box(xs[0] - far, ys[0] - far, xs[1] + far, ys[1] + far))

    def met(self, box: Box) -> int:
        """How much is in its way; outside the axes is worse than anything."""
        inside = self.inside
        fits = inside.left + CLEAR <= box.left and box.right <= inside.right - CLEAR
        fits = fits and inside.low + CLEAR <= box.low and box.high <= inside.high - CLEAR
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
        self, x: float, y: float, text: str, color: str, size: float = SIZE, rings: int = RINGS
    ) -> Annotation | None:
        """Beside the mark, in words that can be read, with a thin line of the colour to it where
        they had to go far; None without room."""
        for ring, box in beside(*self.point(x, y), *extent(text, size), rings):
            if not self.met(box):
                arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.5} if ring else None
                return self.write(text, box, (x, y), size=size, color=NEUTRAL, arrowprops=arrow)
        return None

    def on_line(self, places: Iterable[XY], text: str, color: str, size: float = SIZE) -> None:
        """Above a falling line or below it, where it meets least, of the places the first one."""
        wide, high = extent(text, size)
        boxes = []
        for across, up in (self.point(*place) for place in places):
            boxes.append(Box(across + 2, up + 1, across + 2 + wide, up + 1 + high))
            boxes.append(Box(across - 2 - wide, up - 1 - high, across - 2, up - 1))
        box = min(boxes, key=self.met)
        self.write(text, box, size=size, color=color, bbox=VEIL if self.met(box) else None)

    def on_level(
        self, y: float, texts: Sequence[str], color: str, others: Iterable[float] = ()
    ) -> None:
        """Above or below a horizontal line, in the wording that meets least; `others` are the
        heights of the other such lines."""
        heights = [self.point(self.axes.get_xlim()[0], other)[1] for other in others]
        boxes = {box: text for text in texts for box in self.level_boxes(y, *extent(text, SIZE))}
        box = min(
            boxes, key=lambda box: self.met(box) + sum(box.low < at < box.high for at in heights)
        )
        self.write(boxes[box], box, size=SIZE, color=color)

    def level_boxes(self, y: float, wide: float, high: float) -> Iterator[Box]:
        """Above and below the line, at the right, at the left, and between; the best ones first."""
        inside, (_, up) = self.inside, self.point(self.axes.get_xlim()[0], y)
        free = inside.right - inside.left - wide - 2 * CLEAR
        for low in (up + CLEAR, up - CLEAR - high):
            for share in ALONG_LEVEL:
                left = inside.left + CLEAR + share * free
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
    fitting = (
        f"{text[: count // 2]}{CUT}{text[len(text) - (count + 1) // 2 :]}"
        for count in range(len(text) - 1, 0, -1)
    )
    return next((some for some in fitting if width(some, size) <= room), CUT)


def beside(
    across: float, up: float, wide: float, high: float, rings: int
) -> Iterator[tuple[int, Box]]:
    """Boxes of a label around a mark with their ring, the best ones first."""
    for ring in range(rings):
        far = NEAR + ring * RING
        right, left = across + far, across - far - wide
        above, below, level = up + far, up - far - high, up - high / 2
        corners = [(right, level), (left, level)]
        corners += [(across - wide / 2, above - 2), (across - wide / 2, below + 2)]
        corners += [(x, low) for low in (above - 3, below + 3) for x in (right - 3, left + 3)]
        for x, low in corners:
            yield ring, Box(x, low, x + wide, low + high)
