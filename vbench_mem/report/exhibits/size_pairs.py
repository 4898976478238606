"""Rows of a matrix paired by size, for figure 4 of the paper, with what a recipe loses in recall.

Pairs are alike in their specs but for the size, however they are called. A loss is that of a recipe
against the full recipe of the same encoder, by scores of one kind and source.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import PlotPoint, point_of

PAIR = ("B", "L")  # what the paper compares
NO_TOWER = Tower(width=1, depth=1, heads=1, mlp=1)
FOLLOW = ("text", "embed_dim")  # of a spec: what grows with the size in the table of encoders


@dataclass(frozen=True)
class RecallLoss:
    """The recall of a recipe and that of the full recipe."""

    score: AnyScore
    full: AnyScore

    @property
    def percent(self) -> float:
        """Of the full recipe's recall; below 0 where the recipe gains."""
        return 100 * (1 - self.score.value / self.full.value)

    @property
    def is_published(self) -> bool:
        return self.score.origin == "published"


@dataclass(frozen=True)
class SizePair:
    """One recipe of one backbone in two sizes, the small one first.

    name  the variant with a * for its size: `joint_*16+mask75`
    """

    name: str
    points: tuple[PlotPoint, PlotPoint]
    losses: tuple[list[RecallLoss], list[RecallLoss]]

    @property
    def why_none(self) -> str:
        """Why the two cannot be compared; empty where they can."""
        if any(point.row.is_out_of_memory for point in self.points):
            return "out of memory"
        if not all(point.memory for point in self.points):
            return "one of the two has no memory"
        bases = {point.basis for point in self.points}
        return "one is measured, one predicted" if len(bases) > 1 else ""

    @property
    def increase(self) -> float | None:
        """Percent by which the memory of the large one is above that of the small one."""
        small, large = self.points
        return None if self.why_none else 100 * (large.bytes / small.bytes - 1)


def sizes_of(joined: Joined) -> tuple[str, str] | None:
    """B and L, or the smallest and the largest of the matrix; none where it has but one."""
    seen = {row.facts.get("size") for row in joined.rows}
    if seen >= set(PAIR):
        return PAIR
    known = [size for size in VIDEO_SIZES if size in seen]
    return (known[0], known[-1]) if len(known) > 1 else None


def size_pairs(joined: Joined, sizes: tuple[str, str]) -> list[SizePair]:
    """What the matrix has in both sizes, the largest increase first."""
    groups: dict[Hashable, tuple[list[Row], list[Row]]] = {}
    for row in joined.rows:
        if (size := row.facts.get("size")) in sizes and not row.by_rule:
            groups.setdefault(but_for_size(row), ([], []))[sizes.index(size)].append(row)
    pairs = [pair for rows in groups.values() for pair in pairs_of(*rows)]
    names = [name_of(*pair, sizes) for pair in pairs]
    scheme, found = scheme_of(joined), []
    for (small, large), name in zip(pairs, names, strict=True):
        called = name if Counter(names)[name] == 1 else both_labels(small, large)
        points = (point_of(small, scheme), point_of(large, scheme))
        losses = (losses_of(small, joined.rows), losses_of(large, joined.rows))
        one, other = (replace(point, series=called) for point in points)
        found.append(SizePair(called, (one, other), losses))
    return sorted(found, key=lambda pair: -(pair.increase or 0))


def but_for_size(row: Row) -> Hashable:
    """All that a row is but its size, and the caption tower and embedding that a row of another
    size has in the table of encoders."""
    spec = row.cell.table_spec
    rest = [getattr(spec, f.name) for f in fields(spec) if f.name not in ("tower", *FOLLOW)]
    text = replace(spec.text, tower=NO_TOWER)
    return (spec.layout, *rest, text, row.cell.recipe, row.cell.load, row.cell.runtime)


def pairs_of(small: Sequence[Row], large: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each row in one pair at most, with the row that is most like it also in what follows."""
    found: list[tuple[Row, Row]] = []
    for pair in sorted(product(small, large), key=alike, reverse=True):
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
    return name if count else both_labels(small, large)


def both_labels(small: Row, large: Row) -> str:
    return f"{small.label} to {large.label}"


def losses_of(row: Row, rows: Iterable[Row]) -> list[RecallLoss]:
    """Of every recall at 1, text to video, that both the row and its full recipe have."""
    whole = replace(row.cell, recipe=Recipe(), recipe_name="full")
    full = next((it for it in rows if it.cell.id == whole.id and it is not row), None)
    scores = full.scores if full else {}
    return [
        RecallLoss(score, other)
        for column, score in row.scores.items()
        if score.metric == RECALL
        and score.direction == "t2v"
        and (other := scores.get(column)) is not None
        and other.source == score.source
        and other.value > 0
    ]
