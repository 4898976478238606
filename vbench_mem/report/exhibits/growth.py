"""Figure 4 of the paper: memory that the larger encoder adds, and recall that recipes lose."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle

from vbench_mem.analysis.join import Joined
from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.exhibits.plot import ExhibitFigure, ExhibitMark, ExhibitPanel
from vbench_mem.report.exhibits.size_pairs import SizePair, size_pairs, sizes_of
from vbench_mem.report.exhibits.words import NO_RECALL, exhibit, listed, skipped, whose
from vbench_mem.report.marks import Mark, mark_of
from vbench_mem.report.plan import Plan
from vbench_mem.report.series import PlotPoint, memory_word
from vbench_mem.report.style import MARKERS

ASIDE = 0.16  # of a lane: what is published lies below what is ours
LOSS = (
    "A loss is the share of the full recipe's text-to-video R@1 that a recipe lacks, below 0 where "
    "it gains."
)


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
