"""The contents of the generated clips. Data only: no drawing, no video, no torch."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

COLOURS = {
    "red": (214, 48, 49),
    "green": (46, 160, 67),
    "blue": (42, 96, 213),
    "yellow": (236, 200, 40),
}
SHAPES = ("disc", "square")
MOVES = {"left to right": (1, 0), "right to left": (-1, 0), "down": (0, 1), "up": (0, -1)}
DRAWING = 1  # increased when `generate` draws or encodes the same scenes in another way


@dataclass(frozen=True)
class Scene:
    """One clip. Sizes, rates and lengths differ on purpose: some are shorter than 16 s, so that a
    16-frame sample at 1 frame per second has to repeat their last frame."""

    colour: str
    shape: str
    move: str
    width_px: int
    height_px: int
    fps: int
    seconds: int

    @property
    def caption(self) -> str:
        return f"a {self.colour} {self.shape} moves {self.move}"


def scenes() -> Iterator[Scene]:
    """Sixteen different scenes: every colour with every move, alternating shapes."""
    sizes = ((160, 120), (128, 128), (112, 168), (176, 144))
    rates, lengths = (2, 4, 5), (34, 12, 40, 20)
    for number, (colour, move) in enumerate((c, m) for c in COLOURS for m in MOVES):
        yield Scene(
            *(colour, SHAPES[number % 2], move, *sizes[number % len(sizes)]),
            fps=rates[number % len(rates)],
            seconds=lengths[(number // 4 + number) % len(lengths)],
        )


def scenes_sha256() -> str:
    """Hash of the clips' contents: part of their folder's name and of a cell's id."""
    facts = (DRAWING, COLOURS, MOVES, [asdict(scene) for scene in scenes()])
    return hashlib.sha256(repr(facts).encode()).hexdigest()
