"""The contents of a frame, and the words for it. Data only: no drawing and no video.

Units: places and radii are shares of the picture's side, from its top left corner.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vbench_mem.data.scenes import COLOURS as FOUR

COLOURS = FOUR | {
    "purple": (150, 60, 200),
    "orange": (240, 130, 20),
    "turquoise": (60, 205, 205),
    "white": (240, 240, 240),
}
GREY = "grey"  # of the waiting dot, in no caption
SHAPES = ("disc", "square", "triangle", "cross")
DARKEST, SHADES = 24, 41  # grey levels of the ground


@dataclass(frozen=True)
class Thing:
    colour: str
    shape: str

    def __str__(self) -> str:
        article = "an" if self.colour[0] in "aeiou" else "a"
        return f"{article} {self.colour} {self.shape}"


@dataclass(frozen=True)
class Sprite:
    """A thing with its centre."""

    thing: Thing
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Picture:
    """Sprites on a plain ground, the last one on top."""

    shade: int
    sprites: tuple[Sprite, ...]


class SyntheticClip(Protocol):
    """One clip, its caption and its pictures, one for each second.

    combination  of its words: a split has all of a combination's clips or none
    """

    @property
    def caption(self) -> str: ...

    @property
    def combination(self) -> Hashable: ...

    def pictures(self) -> Sequence[Picture]: ...


def things(colours: int, shapes: int) -> list[Thing]:
    """Every one of the first colours with every one of the first shapes."""
    return [Thing(colour, shape) for colour in list(COLOURS)[:colours] for shape in SHAPES[:shapes]]
