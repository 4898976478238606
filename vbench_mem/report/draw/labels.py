"""Labels where they cover nothing else. Boxes are in points from the figure's lower left corner.

The limits of the axes must no longer change once a label is placed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, Bbox

from vbench_mem.report.style import NEUTRAL

SIZE = 8.0  # of a label, in points
WIDER = 1.03  # a page may have another font
LINE = 1.3  # height of a line of text, of its size
OVER = 10  # to cover another label is worse than to cover a mark or a line
MARK = 5.0  # points around the middle of a mark
NEAR, RINGS, RING = 8.0, 4, 11.0  # points: from a mark to its label, and farther each time
CLEAR = 2.0  # points between a label and its line or the edge of the axes
OUT = 1000
CUT = "\N{HORIZONTAL ELLIPSIS}"
ALONG = (1.0, 0.0, 0.5, 0.9, 0.75, 0.25)  # shares of a line's length, the best ones first
VEIL: dict[str, Any] = {"facecolor": "#FFFFFF", "alpha": 0.8, "linewidth": 0, "pad": 0.6}
XY = tuple[float, float]


class Labels:
    """What is drawn in one axes, and the labels put into the rest."""

    def __init__(self, axes: Axes) -> None:
        figure = axes.figure.get_figure(root=True)
        assert figure is not None
        self.axes, self.points = axes, Affine2D().scale(72 / figure.dpi)
        self.inside = axes.bbox.transformed(self.points).padded(-CLEAR)
        self.marks: list[Bbox] = []
        self.texts: list[Bbox] = []
        self.lines: list[Path] = []
        for line in axes.lines:
            path = (line.get_transform() + self.points).transform_path(line.get_path())
            if line.get_marker() not in ("", "None"):
                corners = np.asarray(path.vertices) - MARK
                self.marks += [Bbox.from_bounds(x, y, 2 * MARK, 2 * MARK) for x, y in corners]
            if line.get_linestyle() != "None":
                self.lines.append(path)
        shown = axes.transData + self.points
        self.lines += [shown.transform_path(p) for it in axes.collections for p in it.get_paths()]

    def point(self, x: float, y: float) -> XY:
        across, up = (self.axes.transData + self.points).transform((x, y))
        return float(across), float(up)

    def met(self, box: Bbox) -> int:
        """How much is in its way; outside the axes is worse than anything."""
        fits = all(self.inside.contains(*corner) for corner in (box.min, box.max))
        lines = sum(path.intersects_bbox(box.padded(1), filled=False) for path in self.lines)
        over = OVER * box.count_overlaps(self.texts)
        return lines + box.count_overlaps(self.marks) + over + OUT * (not fits)

    def write(self, text: str, box: Bbox, at: XY | None = None, **how: Any) -> None:
        """The text in the box, which is taken from now on; `at`: the place an arrow goes to."""
        self.texts.append(box)
        start = (box.x0, box.y0 + 0.2 * how["size"])
        self.axes.annotate(
            text,
            at or start,
            start,
            xycoords="data" if at else "figure points",
            textcoords="figure points",
            linespacing=1.1,
            **how,
        )

    def at_mark(
        self, at: XY, text: str, color: str, size: float = SIZE, rings: int = RINGS
    ) -> None:
        """Beside the mark, in words that can be read, with a thin line of the colour to it where
        they had to go far; nowhere without room."""
        for ring, box in beside(*self.point(*at), *extent(text, size), rings):
            if not self.met(box):
                arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.5} if ring else None
                self.write(text, box, at, size=size, color=NEUTRAL, arrowprops=arrow)
                return

    def on_line(self, start: XY, end: XY, texts: Sequence[str], color: str) -> None:
        """Above or below a straight line, in the wording and at the place that meet least."""
        ends = *self.point(*start), *self.point(*end)
        boxes = [(box, text) for text in texts for box in along(*ends, *extent(text, SIZE))]
        box, text = min(boxes, key=lambda each: self.met(each[0]))
        veil = VEIL if self.met(box) else None
        self.write(text, box, size=SIZE, color=color, bbox=veil)


def along(x: float, y: float, x1: float, y1: float, wide: float, high: float) -> Iterator[Bbox]:
    """Boxes above a line that goes to the right, then such below it, the best ones first."""
    slope = (y1 - y) / (x1 - x)
    for is_above in (True, False):
        for share in ALONG:
            left = x + CLEAR + share * max(0.0, x1 - x - wide - 2 * CLEAR)
            heights = [y + slope * (place - x) for place in (left, left + wide)]
            low = max(heights) + CLEAR if is_above else min(heights) - CLEAR - high
            yield Bbox.from_bounds(left, low, wide, high)


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
) -> Iterator[tuple[int, Bbox]]:
    """Boxes of a label around a mark with their ring, the best ones first."""
    for ring in range(rings):
        far = NEAR + ring * RING
        right, left, middle = across + far, across - far - wide, across - wide / 2
        above, below, level = up + far - 2, up - far - high + 2, up - high / 2
        corners = [(right, level), (left, level), (middle, above), (middle, below)]
        corners += [(x, low) for low in (above, below) for x in (right - 3, left + 3)]
        for x, low in corners:
            yield ring, Bbox.from_bounds(x, low, wide, high)
