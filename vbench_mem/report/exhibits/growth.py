"""Figure 4 of the paper as plain data: what the larger encoder adds in memory, and loses in recall.

Rows are paired that are alike but for the letter of their size; a loss is that of a recipe against
the full recipe of the same encoder, by scores of one kind and source.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES
from vbench_mem.report.exhibits.words import listed
from vbench_mem.report.series import Point, point_of

PAIR = ("B", "L")  # what the paper compares
FULL = Recipe()


@dataclass(frozen=True, kw_only=True)
class Drop:
    """The share of the full recipe's recall that a recipe loses; below 0 where it gains."""

    share: float
    score: AnyScore
    full: AnyScore
    row: Row


@dataclass(frozen=True, kw_only=True)
class Method:
    """One recipe of one backbone in two sizes.

    name      the variant with a * for its size: `joint_*16+mask75`
    increase  share by which the memory of the large one is above that of the small one; none where
              one of them has no memory, or ran out of it
    drops     by size
    """

    name: str
    small: Point | None
    large: Point | None
    rows: tuple[Row, ...]
    drops: dict[str, list[Drop]]

    @property
    def increase(self) -> float | None:
        one, other = self.small, self.large
        if one is None or other is None or "oom" in (one.ending, other.ending):
            return None
        if one.basis != other.basis or not one.memory or not other.memory:
            return None
        return other.memory / one.memory - 1


def sizes_of(joined: Joined) -> tuple[str, str] | None:
    """B and L, or the smallest and the largest there are; none where there is but one."""
    seen = {row.facts.get("size") for row in joined.rows}
    if seen >= set(PAIR):
        return PAIR
    known = [size for size in VIDEO_SIZES if size in seen]
    return (known[0], known[-1]) if len(known) > 1 else None


def methods(joined: Joined, sizes: tuple[str, str]) -> list[Method]:
    """Those that are there in both sizes, the largest increase first."""
    groups: dict[Hashable, dict[str, Row]] = {}
    for row in joined.rows:
        if (size := row.facts.get("size")) in sizes and not row.by_rule:
            key = (name_of(row, size), row.cell.load, row.cell.runtime)
            groups.setdefault(key, {})[size] = row
    found = []
    for pair in groups.values():
        if len(pair) == len(sizes):
            small, large = (pair[size] for size in sizes)
            found.append(
                Method(
                    name=name_of(small, sizes[0]),
                    small=point_of(small, joined),
                    large=point_of(large, joined),
                    rows=(small, large),
                    drops={size: drops(row, joined.rows) for size, row in pair.items()},
                )
            )
    return sorted(found, key=lambda each: -(each.increase or 0))


def name_of(row: Row, size: str) -> str:
    family = row.facts["family"]
    rest = row.label.removeprefix(f"{family}_")
    return f"{family}_*{rest.removeprefix(size.lower())}"


def drops(row: Row, rows: Iterable[Row]) -> list[Drop]:
    """Of every recall at 1, text to video, that both the row and its full recipe have."""
    if row.cell.recipe == FULL:
        return []
    whole = replace(row.cell, recipe=FULL, recipe_name="full")
    full = next((other for other in rows if other.cell.id == whole.id), None)
    if full is None:
        return []
    return [
        Drop(share=1 - score.value / other.value, score=score, full=other, row=row)
        for column, score in row.scores.items()
        if score.metric == RECALL
        and score.direction == "t2v"
        and (other := full.scores.get(column)) is not None
        and other.source == score.source
        and other.value > 0
    ]


def answer(found: Sequence[Method], sizes: tuple[str, str]) -> str:
    """Which grows most and which least."""
    known = [(each.increase, each.name) for each in found if each.increase is not None]
    if len(known) < 2:
        return ""
    (most, first), (least, last) = max(known), min(known)
    words = [f"most of {first} ({100 * most:+.0f} %)", f"least of {last} ({100 * least:+.0f} %)"]
    return f"From {sizes[0]} to {sizes[1]} memory grows {listed(words)} here."
