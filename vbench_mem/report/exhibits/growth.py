"""Figure 4 of the paper as plain data: what the larger encoder adds in memory, and loses in recall.

Rows are paired by their specs, alike but for their size, however they are called. A loss is that of
a recipe against the full recipe of the same encoder, by scores of one kind and source.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.report.exhibits.words import listed
from vbench_mem.report.series import Point, point_of

PAIR = ("B", "L")  # what the paper compares
FULL = Recipe()
NO_TOWER = Tower(width=1, depth=1, heads=1, mlp=1)
FOLLOW = ("text", "embed_dim")  # of a spec: what grows with the size in the table of encoders


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
    rows: tuple[Row, Row]
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
    groups: dict[Hashable, tuple[list[Row], list[Row]]] = {}
    for row in joined.rows:
        if (size := row.facts.get("size")) in sizes and not row.by_rule:
            groups.setdefault(but_for_size(row), ([], []))[sizes.index(size)].append(row)
    found = [
        Method(
            name=name_of(small, large, sizes),
            small=point_of(small, joined),
            large=point_of(large, joined),
            rows=(small, large),
            drops={
                size: drops(row, joined.rows)
                for size, row in zip(sizes, (small, large), strict=True)
            },
        )
        for rows in groups.values()
        for small, large in pairs_of(*rows)
    ]
    names = Counter(each.name for each in found)
    found = [
        each if names[each.name] == 1 else replace(each, name=both(*each.rows)) for each in found
    ]
    return sorted(found, key=lambda each: -(each.increase or 0))


def but_for_size(row: Row) -> Hashable:
    """All that a row is but its size, and the caption tower and embedding that a row of another
    size has in the table of encoders."""
    spec = row.cell.table_spec
    rest = [getattr(spec, f.name) for f in fields(spec) if f.name not in ("tower", *FOLLOW)]
    text = replace(spec.text, tower=NO_TOWER)
    return (spec.layout, *rest, text, row.cell.recipe, row.cell.load, row.cell.runtime)


def pairs_of(small: Sequence[Row], large: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each row in one pair at most, with the row that is most like it also in what follows."""
    left = [(one, other) for one in small for other in large]
    left.sort(key=alike, reverse=True)
    found: list[tuple[Row, Row]] = []
    for pair in left:
        if not any(row is taken for row in pair for other in found for taken in other):
            found.append(pair)
    return found


def alike(pair: tuple[Row, Row]) -> int:
    """How much of what follows the size is equal."""
    one, other = (row.cell.spec for row in pair)
    return sum(getattr(one, name) == getattr(other, name) for name in FOLLOW)


def name_of(small: Row, large: Row, sizes: tuple[str, str]) -> str:
    """The variant with a * for its size: in the encoder's own name, else in the size that is set,
    else both labels."""
    for row, size in zip((small, large), sizes, strict=True):
        name, count = re.subn(rf"_{re.escape(size.lower())}(?=\d|_|\b)", "_*", row.label, count=1)
        if count and f",size={size}" not in name:
            return name
    name, count = re.subn(rf",size={re.escape(sizes[0])}\b", ",size=*", small.label)
    return name if count else both(small, large)


def both(small: Row, large: Row) -> str:
    return f"{small.label} to {large.label}"


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
