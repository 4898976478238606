"""Task `long`: a grey dot swings, the same in every clip, and then a layout of `spatial` stays.

What the caption describes begins after 16, 64 or 128 frames; until then all clips are the same.
"""

from dataclasses import dataclass, replace

from vbench_mem.data.synthetic.pictures import GREY, Picture, Sprite, Thing
from vbench_mem.data.synthetic.seeded_random import SeededRandom
from vbench_mem.data.synthetic.spatial import Combination, Layout, SpatialPlan, chosen_of

LEVELS = (16, 64, 128)
SHADE = 44
SWING = (0.3, 0.34, 0.43, 0.57, 0.66, 0.7, 0.66, 0.57, 0.43, 0.34)
DOT = Thing(GREY, "disc")
# combinations in each split of all levels together
PLANS = {
    "tiny": SpatialPlan(colours=4, shapes=3, places="corners", held_out=(6, 4), train=(30, 1)),
    "small": SpatialPlan(colours=8, shapes=4, places="corners", held_out=(156, 1), train=(480, 2)),
    "large": SpatialPlan(colours=8, shapes=4, places="grid", held_out=(258, 4), train=(1500, 4)),
}


@dataclass(frozen=True)
class Waiting:
    """The dot for `level` + `later` frames, and the layout up to twice the level."""

    layout: Layout
    level: int
    later: int

    @property
    def caption(self) -> str:
        (one, other), (here, there) = self.layout.things, self.layout.places
        return f"after a while {one} is {here} and {other} {there}"

    @property
    def combination(self) -> Combination:
        return self.layout.combination

    def pictures(self) -> list[Picture]:
        swing = [Picture(SHADE, (Sprite(DOT, x, 0.5, 0.1),)) for x in SWING]
        wait = self.level + self.later
        waiting = [swing[frame % len(swing)] for frame in range(wait)]
        return waiting + [self.layout.picture(0)] * (2 * self.level - wait)


def splits(size: str, seed: int, levels: tuple[int, ...] = LEVELS) -> dict[str, list[Waiting]]:
    """The clips of each split; each level has as many combinations, and no other level has them."""
    rng = SeededRandom("long", *levels, size, seed)
    return {
        split: [
            Waiting(replace(layout, shade=SHADE), level, rng.below(level // 8 + 1))
            for number, layouts in enumerate(chosen)
            for level in (levels[number % len(levels)],)
            for layout in layouts
        ]
        for split, chosen in chosen_of(PLANS[size], rng).items()
    }
