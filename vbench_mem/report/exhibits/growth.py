"""Figure 4 of the paper: what the larger encoder adds in memory, and what recipes lose in recall.

Rows are paired by their specs, alike but for their size, however they are called. A loss is that of
a recipe against the full recipe of the same encoder, by scores of one kind and source.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import cycle, product

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.report.exhibits.plot import ExhibitFigure, ExhibitMark, ExhibitPanel
from vbench_mem.report.exhibits.words import NO_RECALL, exhibit, listed, skipped, whose
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.plan import Plan
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import PlotPoint, memory_word, point_of
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


def plan(joined: Joined) -> Plan:
    sizes = sizes_of(joined)
    pairs = size_pairs(joined, sizes) if sizes else []
    if sizes is None or not pairs:
        return skipped("figure4", "no row is there in two sizes; write encoders of size B and L")
    if all(pair.why_none for pair in pairs):
        reasons = dict.fromkeys(pair.why_none for pair in pairs)
        return skipped("figure4", f"no two sizes can be compared: {listed([*reasons])}")
    losses = [loss for pair in pairs for some in pair.losses for loss in some]
    sources = dict.fromkeys(loss.score.source for loss in losses if loss.is_published)
    missing = [
        f"recall of a recipe and of its full recipe at {size}"
        for place, size in enumerate(sizes)
        if not any(pair.losses[place] for pair in pairs)
    ]
    return exhibit(
        "figure4",
        figure_of(pairs, sizes),
        len(pairs),
        answer(pairs, sizes),
        whose(placed(pairs)),
        LOSS,
        f"Hollow marks are computed from published recalls ({', '.join(sources)})."
        if sources
        else "",
        missing=[*missing, "recall of ours" if all(it.is_published for it in losses) else ""],
    )


def placed(pairs: Iterable[SizePair]) -> list[PlotPoint]:
    return [point for pair in pairs for point in pair.points if point.memory]


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
    if row.cell.recipe == FULL:
        return []
    whole = replace(row.cell, recipe=FULL, recipe_name="full")
    full = next((other for other in rows if other.cell.id == whole.id), None)
    if full is None:
        return []
    return [
        RecallLoss(score, other)
        for column, score in row.scores.items()
        if score.metric == RECALL
        and score.direction == "t2v"
        and (other := full.scores.get(column)) is not None
        and other.source == score.source
        and other.value > 0
    ]


def figure_of(pairs: Sequence[SizePair], sizes: tuple[str, str]) -> ExhibitFigure:
    """Bars of the increase in memory; beside them what is lost in recall, at both sizes."""
    every = {loss.score.dataset for pair in pairs for some in pair.losses for loss in some}
    shapes = dict(zip(sorted(every), cycle(MARKERS), strict=False))
    names = [pair.name for pair in pairs]
    increase = ExhibitPanel(
        title=f"more memory, {sizes[0]} to {sizes[1]}",
        x_label=f"increase of {memory_word(placed(pairs))}, %",
        marks=[increase_bar(place, pair, sizes) for place, pair in enumerate(pairs)],
        names=names,
        share=1.6,
    )
    panels = [increase]
    for which, size in enumerate(sizes):
        marks = [it for place, pair in enumerate(pairs) for it in loss_marks(place, pair, which)]
        marks = [replace(it, marker=shapes[it.score.dataset]) if it.score else it for it in marks]
        panel = ExhibitPanel(
            title=f"loss of recall, {size}",
            x_label="of the full recipe's R@1, %" if marks else "",
            marks=marks,
            names=names,
            note="" if marks else why_no_loss(pairs, which),
        )
        panels.append(panel)
    return ExhibitFigure(rows=[panels], shapes=shapes)


def why_no_loss(pairs: Sequence[SizePair], which: int) -> str:
    scores = [score for pair in pairs for score in pair.points[which].row.scores.values()]
    known = any(score.metric == RECALL and score.direction == "t2v" for score in scores)
    return "no recipe has a recall\nbeside its full recipe's" if known else NO_RECALL


def increase_bar(place: int, pair: SizePair, sizes: tuple[str, str]) -> ExhibitMark:
    point, percent = pair.points[0], pair.increase
    if percent is None:
        return ExhibitMark(kind="text", x=0, y=place, point=point, text=pair.why_none)
    facts = [(n, show(MEMORY, it.bytes)) for n, it in zip(sizes, pair.points, strict=True)]
    tip = Mark(label=pair.name, facts=(*facts, ("more", f"{percent:.0f} %")))
    text = f"{percent:+.0f} %"
    return ExhibitMark(kind="bar", x=percent, y=place, point=point, text=text, tip=tip)


def loss_marks(place: int, pair: SizePair, which: int) -> Iterator[ExhibitMark]:
    """A mark for each data set, and a bar to the mean of those that are ours."""
    losses, point = pair.losses[which], pair.points[which]
    ours = [loss.percent for loss in losses if not loss.is_published]
    if ours:
        mean = sum(ours) / len(ours)
        tip = Mark(label=pair.name, facts=(("mean", f"{mean:.1f} %"),))
        yield ExhibitMark(kind="mean", x=mean, y=place, point=point, tip=tip)
    for loss in losses:
        name = loss.score.dataset
        facts = [
            ("loss", f"{loss.percent:.1f} %"),
            (f"{name} T2V R@1, full recipe", f"{100 * loss.full.value:.1f} %"),
            (f"{name} T2V R@1, this recipe", f"{100 * loss.score.value:.1f} %"),
        ]
        yield ExhibitMark(
            x=loss.percent,
            y=place + (ASIDE if loss.is_published else -ASIDE),
            point=point,
            label=f"loss: {pair.name} {name}",
            score=loss.score,
            tip=mark_of(point.row, facts),
        )


def answer(pairs: Sequence[SizePair], sizes: tuple[str, str]) -> str:
    """Which grows most and which least."""
    known = [(pair.increase, pair.name) for pair in pairs if pair.increase is not None]
    if len(known) < 2:
        return ""
    (most, first), (least, last) = max(known), min(known)
    texts = [f"most of {first} ({most:+.0f} %)", f"least of {last} ({least:+.0f} %)"]
    return f"From {sizes[0]} to {sizes[1]} memory grows {listed(texts)} here."
