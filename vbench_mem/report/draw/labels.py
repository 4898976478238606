"""Labels where they cover nothing else. Places are in points from the figure's lower left corner.

The limits of the axes must no longer change once a label is placed.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path

from vbench_mem.report.draw.levels import Box
from vbench_mem.report.style import NEUTRAL

WIDER = 1.03  # a page may have another font
LINE = 1.3  # height of a line of text, of its size
OVER = 10  # things in the way: to cover another label is worse than to cover a mark
MARK = 5.0  # points around the middle of a mark
NEAR, RINGS, RING = 8.0, 4, 11.0  # points: from a mark to its label, and farther each time
CLEAR = 2.0  # points that a label stays within the axes
OUT = 1000
CUT = "\N{HORIZONTAL ELLIPSIS}"
BETWEEN = tuple(step / 12 for step in range(1, 12))
VEIL: dict[str, Any] = {"facecolor": "#FFFFFF", "alpha": 0.8, "linewidth": 0, "pad": 0.6}


class Labels:
    """What is taken of one axes, and the labels put into the rest."""

    def __init__(self, axes: Axes, marks: Iterable[tuple[float, float]]) -> None:
        self.axes = axes
        figure = axes.figure.get_figure(root=True)
        assert figure is not None
        self.scale = 72 / figure.dpi
        self.taken: list[Box] = []
        self.texts: list[Box] = []
        for mark in marks:
            self.avoid(*mark)
        (left, low), (right, high) = axes.bbox.min, axes.bbox.max
        self.room = Box(*(self.scale * end for end in (left, low, right, high)))

    def point(self, x: float, y: float) -> tuple[float, float]:
        across, up = self.axes.transData.transform((x, y))
        return self.scale * float(across), self.scale * float(up)

    def avoid(self, x: float, y: float, far: float = MARK) -> None:
        """Keep labels so many points away from a place."""
        across, up = self.point(x, y)
        self.taken.append(Box(across - far, up - far, across + far, up + far))

    def met(self, box: Box) -> int:
        """How much is in its way; to stand out of the axes is worse than anything."""
        room = self.room
        inside = room.left + CLEAR <= box.left and box.right <= room.right - CLEAR
        inside = inside and room.low + CLEAR <= box.low and box.high <= room.high - CLEAR
        marks = sum(box.meets(other) for other in self.taken)
        return marks + OVER * sum(box.meets(other) for other in self.texts) + (not inside) * OUT

    def at_mark(
        self, x: float, y: float, text: str, color: str, size: float = 8, rings: int = RINGS
    ) -> Annotation | None:
        """Beside the mark, in words that can be read, with a thin line of the colour to it where
        they had to go far; None without room."""
        across, up = self.point(x, y)
        wide, high = width(text, size), LINE * size
        for ring, (left, low) in beside(across, up, wide, high, rings):
            box = Box(left, low, left + wide, low + high)
            if not self.met(box):
                self.texts.append(box)
                arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.5} if ring else None
                return self.axes.annotate(
                    text,
                    (x, y),
                    (left - across, low - up + 0.2 * size),
                    textcoords="offset points",
                    color=NEUTRAL,
                    size=size,
                    arrowprops=arrow,
                )
        return None

    def on_line(
        self, places: Iterable[tuple[float, float]], text: str, color: str, size: float = 8
    ) -> Annotation | None:
        """Above a falling line or below it, where it meets least, of the places the first one."""
        wide, high = width(text, size), LINE * size
        found: list[tuple[int, tuple[float, float], Box]] = []
        for x, y in places:
            across, up = self.point(x, y)
            for left, low in ((across + 2, up + 1), (across - 2 - wide, up - 1 - high)):
                box = Box(left, low, left + wide, low + high)
                found.append((self.met(box), (x, y), box))
        if not found:
            return None
        met, (x, y), box = min(found, key=lambda each: each[0])
        self.texts.append(box)
        across, up = self.point(x, y)
        return self.axes.annotate(
            text,
            (x, y),
            (box.left - across, box.low - up + 0.2 * size),
            textcoords="offset points",
            color=color,
            size=size,
            bbox=VEIL if met else None,
        )


def along(line: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The marks of a line on log axes, and places between them."""
    yield from line
    for (x, y), (next_x, next_y) in pairwise(line):
        for share in BETWEEN:
            yield x * (next_x / x) ** share, y * (next_y / y) ** share


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
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Lower left corners of a label around a mark with their ring, the best ones first."""
    for ring in range(rings):
        far = NEAR + ring * RING
        right, left = across + far, across - far - wide
        above, below, level = up + far, up - far - high, up - high / 2
        yield ring, (right, level)
        yield ring, (left, level)
        yield ring, (across - wide / 2, above - 2)
        yield ring, (across - wide / 2, below + 2)
        for low in (above - 3, below + 3):
            yield ring, (right - 3, low)
            yield ring, (left + 3, low)
