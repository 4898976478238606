"""Figure 4 of the paper: what the larger encoder adds in memory, and what recipes lose in recall.

Rows are paired by their specs, alike but for their size, however they are called. A loss is that of
a recipe against the full recipe of the same encoder, by scores of one kind and source.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import cycle

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.report.exhibits.lanes import LaneFigure, LaneMark, LanePanel, LaneRow
from vbench_mem.report.exhibits.words import NO_MEMORY, NO_RECALL, exhibit, listed, skipped, whose
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.plan import Plan
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import MemoryPoint, PlotPoint, memory_word, point_of
from vbench_mem.report.style import MARKERS

PAIR = ("B", "L")  # what the paper compares
FULL = Recipe()
NO_TOWER = Tower(width=1, depth=1, heads=1, mlp=1)
FOLLOW = ("text", "embed_dim")  # of a spec: what grows with the size in the table of encoders
ASIDE = 0.16  # of a lane: what is published lies below what is ours
LOSS = (
    "A loss is the share of the full recipe's text-to-video R@1 that a recipe lacks, below 0 where "
    "it gains."
)


@dataclass(frozen=True, kw_only=True)
class RecallLoss:
    """The share of the full recipe's recall that a recipe loses; below 0 where it gains."""

    share: float
    score: AnyScore
    full: AnyScore

    @property
    def is_published(self) -> bool:
        return self.score.origin == "published"


@dataclass(frozen=True, kw_only=True)
class SizePair:
    """One recipe of one backbone in two sizes.

    name    the variant with a * for its size: `joint_*16+mask75`
    both    the small and the large one; `points` of those that have a memory
    losses  of the small and the large one
    """

    name: str
    both: tuple[PlotPoint, PlotPoint]
    points: tuple[MemoryPoint | None, MemoryPoint | None]
    losses: tuple[list[RecallLoss], list[RecallLoss]]

    @property
    def memory(self) -> tuple[int, int] | None:
        """Bytes of both, where they can be compared."""
        one, other = self.points
        if one is None or other is None or "oom" in (one.ending, other.ending):
            return None
        if one.basis != other.basis or not one.memory or not other.memory:
            return None
        return one.memory, other.memory

    @property
    def increase(self) -> float | None:
        """Share by which the memory of the large one is above that of the small one."""
        return None if self.memory is None else self.memory[1] / self.memory[0] - 1

    @property
    def why_none(self) -> str:
        known = [point for point in self.points if point is not None]
        if any(point.ending == "oom" for point in known):
            return "out of memory"
        both = len({point.basis for point in known}) > 1
        return "one is measured, one predicted" if both else "one of the two has no memory"


def plan(joined: Joined) -> Plan:
    sizes = sizes_of(joined)
    pairs = size_pairs(joined, sizes) if sizes else []
    if sizes is None or not pairs:
        return skipped("figure4", "no row is there in two sizes; write encoders of size B and L")
    if all(pair.increase is None for pair in pairs):
        return skipped("figure4", NO_MEMORY)
    losses = [loss for pair in pairs for some in pair.losses for loss in some]
    sources = dict.fromkeys(loss.score.source for loss in losses if loss.is_published)
    missing = [
        f"recall of a recipe and of its full recipe at {size}"
        for place, size in enumerate(sizes)
        if not any(pair.losses[place] for pair in pairs)
    ]
    if all(loss.is_published for loss in losses):
        missing.append("recall of ours")
    return exhibit(
        "figure4",
        len(pairs),
        "lanes",
        figure_of(pairs, sizes),
        answer(pairs, sizes),
        whose([point for pair in pairs for point in pair.points if point is not None]),
        LOSS,
        f"Hollow marks are computed from published recalls ({', '.join(sources)})."
        if sources
        else "",
        missing="; ".join(missing),
    )


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
    names = Counter(name_of(*pair, sizes) for pair in pairs)
    scheme, found = scheme_of(joined), []
    for small, large in pairs:
        name = name_of(small, large, sizes)
        name = name if names[name] == 1 else both_labels(small, large)
        found.append(
            SizePair(
                name=name,
                both=(
                    PlotPoint(row=small, series=name, scheme=scheme),
                    PlotPoint(row=large, series=name, scheme=scheme),
                ),
                points=(point_of(small, scheme), point_of(large, scheme)),
                losses=(losses_of(small, joined.rows), losses_of(large, joined.rows)),
            )
        )
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
    return name if count else both_labels(small, large)


def both_labels(small: Row, large: Row) -> str:
    return f"{small.label} to {large.label}"


def losses_of(row: Row, rows: Iterable[Row]) -> list[RecallLoss]:
    """Of every recall at 1, text to video, that both the row and its full recipe have."""
    if row.cell.recipe == FULL:
        return []
    whole = replace(row.cell, recipe=FULL, recipe_name="full")
    full = next((other for other in rows if other.cell.id == whole.id), None)
    if full is None:
        return []
    return [
        RecallLoss(share=1 - score.value / other.value, score=score, full=other)
        for column, score in row.scores.items()
        if score.metric == RECALL
        and score.direction == "t2v"
        and (other := full.scores.get(column)) is not None
        and other.source == score.source
        and other.value > 0
    ]


def figure_of(pairs: Sequence[SizePair], sizes: tuple[str, str]) -> LaneFigure:
    """Bars of the increase in memory; beside them what is lost in recall, at both sizes."""
    points = [point for pair in pairs for point in pair.points if point is not None]
    every = {loss.score.dataset for pair in pairs for some in pair.losses for loss in some}
    shapes = dict(zip(sorted(every), cycle(MARKERS), strict=False))
    increase = LanePanel(
        title=f"more memory, {sizes[0]} to {sizes[1]}",
        axis=f"increase of {memory_word(points)}, %",
        marks=[increase_bar(place, pair, sizes) for place, pair in enumerate(pairs)],
        share=1.6,
    )
    panels = [increase, *(loss_panel(pairs, place, sizes[place], shapes) for place in (0, 1))]
    return LaneFigure(rows=[LaneRow(names=[p.name for p in pairs], panels=panels)], shapes=shapes)


def increase_bar(place: int, pair: SizePair, sizes: tuple[str, str]) -> LaneMark:
    point = pair.both[0]
    if pair.memory is None or pair.increase is None:
        return LaneMark(kind="text", lane=place, value=0, point=point, text=pair.why_none)
    percent = 100 * pair.increase
    facts = [(size, show(MEMORY, it)) for size, it in zip(sizes, pair.memory, strict=True)]
    mark = Mark(label=pair.name, facts=(*facts, ("more", f"{percent:.0f} %")))
    text = f"{percent:+.0f} %"
    return LaneMark(kind="bar", lane=place, value=percent, point=point, text=text, mark=mark)


def loss_panel(
    pairs: Sequence[SizePair], which: int, size: str, shapes: dict[str, str]
) -> LanePanel:
    """A mark for each data set, and a bar to the mean of those that are ours; or why there are
    none."""
    marks = [mark for place, pair in enumerate(pairs) for mark in loss_marks(place, pair, which)]
    marks = [replace(it, marker=shapes.get(it.score.dataset)) if it.score else it for it in marks]
    scores = [score for pair in pairs for score in pair.both[which].row.scores.values()]
    known = any(score.metric == RECALL and score.direction == "t2v" for score in scores)
    gap = "no recipe has a recall\nbeside its full recipe's" if known else NO_RECALL
    return LanePanel(
        title=f"loss of recall, {size}",
        axis="of the full recipe's R@1, %" if marks else "",
        marks=marks,
        note="" if marks else gap,
    )


def loss_marks(place: int, pair: SizePair, which: int) -> Iterator[LaneMark]:
    losses, point = pair.losses[which], pair.both[which]
    ours = [loss.share for loss in losses if not loss.is_published]
    if ours:
        mean = 100 * sum(ours) / len(ours)
        mark = Mark(label=pair.name, facts=(("mean", f"{mean:.1f} %"),))
        yield LaneMark(kind="mean", lane=place, value=mean, point=point, mark=mark)
    for loss in losses:
        recalls = ((loss.full.value, "full recipe"), (loss.score.value, "this recipe"))
        name = loss.score.dataset
        facts = [(f"{name} T2V R@1, {recipe}", f"{100 * v:.1f} %") for v, recipe in recalls]
        yield LaneMark(
            lane=place + (ASIDE if loss.is_published else -ASIDE),
            value=100 * loss.share,
            point=point,
            label=f"loss: {pair.name} {name}",
            score=loss.score,
            mark=mark_of(point.row, [("loss", f"{100 * loss.share:.1f} %"), *facts]),
        )


def answer(pairs: Sequence[SizePair], sizes: tuple[str, str]) -> str:
    """Which grows most and which least."""
    known = [(pair.increase, pair.name) for pair in pairs if pair.increase is not None]
    if len(known) < 2:
        return ""
    (most, first), (least, last) = max(known), min(known)
    texts = [f"most of {first} ({100 * most:+.0f} %)", f"least of {last} ({100 * least:+.0f} %)"]
    return f"From {sizes[0]} to {sizes[1]} memory grows {listed(texts)} here."
