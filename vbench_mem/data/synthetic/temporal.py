"""Task `temporal`: things cross the picture, one after another; order and direction count.

A combination is which things cross, and whether across or down. Its clips are all orders of its
legs with both directions of each: they show the same frames, each as often, in another order. All
begin and end with an empty picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, permutations, product

from vbench_mem.data.synthetic.pictures import DARKEST, SHADES, Picture, Sprite, Thing, things
from vbench_mem.data.synthetic.seeded_random import SeededRandom

FRAMES = 16
RADIUS, GROW_BY, ASIDE = 0.22, 0.1, 0.1
AXES = ("across", "down")
WORDS = {
    ("across", True): "right",
    ("across", False): "left",
    ("down", True): "downwards",
    ("down", False): "upwards",
}


@dataclass(frozen=True)
class TemporalPlan:
    """How many clips there are, of how many words.

    legs   of the clips that show one thing; one combination of each thing is held out
    times  that each such combination is in training, each time a little elsewhere
    pairs  combinations of two things that are held out, and in training
    """

    colours: int
    shapes: int
    legs: int
    times: int
    pairs: tuple[int, int] = (0, 0)


PLANS = {
    "tiny": TemporalPlan(colours=3, shapes=2, legs=2, times=1),
    "small": TemporalPlan(colours=8, shapes=3, legs=2, times=5),
    "large": TemporalPlan(colours=8, shapes=4, legs=3, times=3, pairs=(64, 900)),
}
Leg = tuple[Thing, str]
Combination = tuple[Leg, ...]


@dataclass(frozen=True)
class Crossing:
    """Legs one after another, each a thing, its axis, and whether it goes right or down.

    aside  how far from the middle a leg lies, by its place in the combination
    """

    combination: Combination
    legs: tuple[tuple[Leg, bool], ...]
    aside: tuple[float, ...]
    grown: float
    shade: int

    @property
    def caption(self) -> str:
        parts = []
        before: tuple[Thing | None, str] = (None, "")
        for (thing, axis), forward in self.legs:
            word = WORDS[axis, forward]
            who = f"{thing} goes " if thing != before[0] else ""
            parts.append(f"{who}{word}{' again' if before == (thing, word) else ''}")
            before = thing, word
        return ", then ".join(parts)

    def pictures(self) -> list[Picture]:
        """Every leg with an empty picture before it, and empty ones at the end."""
        empty = Picture(self.shade, ())
        steps = (FRAMES - 1) // len(self.legs) - 1
        shown = []
        for leg, forward in self.legs:
            way = [self.picture(leg, (step + 0.5) / steps) for step in range(steps)]
            shown += [empty, *(way if forward else way[::-1])]
        return shown + [empty] * (FRAMES - len(shown))

    def picture(self, leg: Leg, along: float) -> Picture:
        thing, axis = leg
        beside = 0.5 + self.aside[self.combination.index(leg)]
        x, y = (along, beside) if axis == "across" else (beside, along)
        return Picture(self.shade, (Sprite(thing, x, y, RADIUS * self.grown),))


def clips_of(combination: Combination, rng: SeededRandom) -> Iterator[Crossing]:
    """All with the same frames."""
    aside = tuple(rng.within(ASIDE) for _ in combination)
    grown, shade = 1 + rng.within(GROW_BY), DARKEST + rng.below(SHADES)
    for order in dict.fromkeys(permutations(combination)):
        for ways in product((True, False), repeat=len(order)):
            legs = tuple(zip(order, ways, strict=True))
            yield Crossing(combination, legs, aside, grown, shade)


def of_one_thing(plan: TemporalPlan, rng: SeededRandom) -> dict[str, list[Combination]]:
    """Of each thing one combination of axes is held out, each axes of as many things."""
    axes = list(combinations_with_replacement(AXES, plan.legs))
    found: dict[str, list[Combination]] = {"train": [], "held-out": []}
    for number, thing in enumerate(rng.shuffled(things(plan.colours, plan.shapes))):
        for place, some in enumerate(axes):
            split = "held-out" if place == number % len(axes) else "train"
            found[split].append(tuple((thing, axis) for axis in some))
    found["train"] *= plan.times
    return found


def of_two_things(plan: TemporalPlan, rng: SeededRandom) -> dict[str, list[Combination]]:
    pairs = combinations(things(plan.colours, plan.shapes), 2)
    order = rng.shuffled(
        tuple(zip(pair, axes, strict=True)) for pair in pairs for axes in product(AXES, repeat=2)
    )
    held_out, train = plan.pairs
    return {"held-out": order[:held_out], "train": order[held_out:][:train]}


def splits(size: str, seed: int) -> dict[str, list[Crossing]]:
    """The clips of each split, a combination's beside each other."""
    plan = PLANS[size]
    rng = SeededRandom("temporal", size, seed)
    one, two = of_one_thing(plan, rng), of_two_things(plan, rng)
    return {
        split: [clip for some in one[split] + two[split] for clip in clips_of(some, rng)]
        for split in ("train", "held-out")
    }
