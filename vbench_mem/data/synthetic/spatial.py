"""Task `spatial`: two things, each at a place. Every frame shows all that the caption describes.

A combination is two colours, two shapes and two places. Its four clips have captions of the same
words: they differ only in which colour goes with which shape and place. The gallery of `small`
has one of them, since few steps, with batches that seldom hold two of them, do not teach the
difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from vbench_mem.data.synthetic.pictures import (
    COLOURS,
    DARKEST,
    SHADES,
    SHAPES,
    Picture,
    Sprite,
    Thing,
)
from vbench_mem.data.synthetic.seeded_random import SeededRandom

FRAMES = 16
GRID = {
    "at the top left": (1 / 6, 1 / 6),
    "at the top": (1 / 2, 1 / 6),
    "at the top right": (5 / 6, 1 / 6),
    "at the left": (1 / 6, 1 / 2),
    "in the centre": (1 / 2, 1 / 2),
    "at the right": (5 / 6, 1 / 2),
    "at the bottom left": (1 / 6, 5 / 6),
    "at the bottom": (1 / 2, 5 / 6),
    "at the bottom right": (5 / 6, 5 / 6),
}
CORNERS = {
    "at the top left": (1 / 4, 1 / 4),
    "at the top right": (3 / 4, 1 / 4),
    "at the bottom left": (1 / 4, 3 / 4),
    "at the bottom right": (3 / 4, 3 / 4),
}
PLACES = {"corners": (CORNERS, 0.2), "grid": (GRID, 0.12)}  # with the things' radius
# where a thing is within its place from frame to frame, as shares of its radius
WOBBLE = ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
WOBBLE_BY, OFF_BY, GROW_BY = 0.1, 0.15, 0.1


@dataclass(frozen=True)
class SpatialPlan:
    """How many clips there are, of how many words.

    held_out, train  combinations, and how many of the four clips of each
    """

    colours: int
    shapes: int
    places: str
    held_out: tuple[int, int]
    train: tuple[int, int]


PLANS = {
    "tiny": SpatialPlan(colours=4, shapes=3, places="corners", held_out=(6, 4), train=(12, 4)),
    "small": SpatialPlan(colours=8, shapes=4, places="corners", held_out=(160, 1), train=(800, 2)),
    "large": SpatialPlan(colours=8, shapes=4, places="grid", held_out=(260, 4), train=(3000, 4)),
}
Combination = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """Two things at two places, `off` centre, the first named one first in reading order."""

    things: tuple[Thing, Thing]
    places: tuple[str, str]
    layout: str
    off: tuple[tuple[float, float], ...]
    grown: float
    shade: int
    phase: int

    @property
    def caption(self) -> str:
        return " and ".join(f"{t} {p}" for t, p in zip(self.things, self.places, strict=True))

    @property
    def combination(self) -> Combination:
        colours, shapes = zip(*((t.colour, t.shape) for t in self.things), strict=True)
        return tuple(sorted(colours)), tuple(sorted(shapes)), self.places

    def pictures(self) -> list[Picture]:
        return [self.picture(frame) for frame in range(FRAMES)]

    def picture(self, frame: int) -> Picture:
        places, usual = PLACES[self.layout]
        radius = usual * self.grown
        sprites = []
        for number, (thing, place) in enumerate(zip(self.things, self.places, strict=True)):
            moved = WOBBLE[(self.phase + frame * (1 + number)) % len(WOBBLE)]
            x, y = (
                centre + radius * (off + WOBBLE_BY * by)
                for centre, off, by in zip(places[place], self.off[number], moved, strict=True)
            )
            sprites.append(Sprite(thing, x, y, radius))
        return Picture(self.shade, tuple(sprites))


def clips_of(combination: Combination, layout: str, rng: SeededRandom) -> Iterator[Layout]:
    (one, other), (shape, another), (here, there) = combination
    for pair in (
        (Thing(one, shape), Thing(other, another)),
        (Thing(other, shape), Thing(one, another)),
    ):
        for things in (pair, pair[::-1]):
            yield Layout(
                things=(things[0], things[1]),
                places=(here, there),
                layout=layout,
                off=tuple((rng.within(OFF_BY), rng.within(OFF_BY)) for _ in things),
                grown=1 + rng.within(GROW_BY),
                shade=DARKEST + rng.below(SHADES),
                phase=rng.below(len(WOBBLE)),
            )


def chosen_of(plan: SpatialPlan, rng: SeededRandom) -> dict[str, list[list[Layout]]]:
    """The clips of each combination in each split."""
    order: list[Combination] = rng.shuffled(
        product(
            combinations(list(COLOURS)[: plan.colours], 2),
            combinations(SHAPES[: plan.shapes], 2),
            combinations(PLACES[plan.places][0], 2),
        )
    )
    (held_out, each), (train, each_of_train) = plan.held_out, plan.train

    def clips(some: Combination, count: int) -> list[Layout]:
        return rng.shuffled(clips_of(some, plan.places, rng))[:count]

    return {
        "train": [clips(some, each_of_train) for some in order[held_out:][:train]],
        "held-out": [clips(some, each) for some in order[:held_out]],
    }


def splits(size: str, seed: int) -> dict[str, list[Layout]]:
    """The clips of each split, a combination's beside each other."""
    rng = SeededRandom("spatial", size, seed)
    return {
        split: [clip for clips in chosen for clip in clips]
        for split, chosen in chosen_of(PLANS[size], rng).items()
    }
