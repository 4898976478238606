"""Losses of trainings as plain data: which lines a stage's panel has. No matplotlib, no torch.

A line is of all trainings that differ in their seed alone. A stage that several encoders go on from
is one line, whoever needs it.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.measured import StageFacts, stage_facts
from vbench_mem.analysis.trained import TrainedEncoder, trained_encoders
from vbench_mem.matrix.lineage import lineage
from vbench_mem.matrix.training import Stage

POINTS = 60  # of a line: steps one by one are noise


@dataclass(frozen=True, kw_only=True)
class LossLine:
    """Means of so many neighbouring steps, at their middle.

    family  none where encoders of several families share the stage
    """

    label: str
    family: str | None
    steps: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seeds: int


@dataclass(frozen=True, kw_only=True)
class LossPanel:
    """One stage; `guess` is the loss of an encoder that cannot tell its batch apart, where the
    objective has one."""

    title: str
    lines: tuple[LossLine, ...]
    guess: float | None


@dataclass(frozen=True)
class Course:
    """A stage's record with the encoders that have it behind them, and the family of the first: a
    stage on images is a frame-level encoder's, whoever goes on from it."""

    facts: StageFacts
    family: str
    whose: tuple[str, ...]


def loss_panels(joined: Joined) -> list[LossPanel]:
    """One for each stage, in the order of the stages; none where no curve is recorded."""
    trained = trained_encoders(joined)
    found: dict[str, list[Course]] = {}
    for course in courses(joined, trained):
        found.setdefault(course.facts.stage.name, []).append(course)
    names = stage_names(trained)
    return [panel_of(name, found[name], len(trained)) for name in names if name in found]


def stage_names(trained: Iterable[TrainedEncoder]) -> list[str]:
    """As the longest course has them, then those that only others have."""
    lists = [
        [stage.name for stage in each.cell.training.stages]
        for each in trained
        if each.cell.training is not None
    ]
    longest_first = sorted(lists, key=len, reverse=True)
    return list(dict.fromkeys(name for names in longest_first for name in names))


def courses(joined: Joined, trained: Sequence[TrainedEncoder]) -> Iterator[Course]:
    """Every stage that ended well, each once."""
    whose: dict[str, list[TrainedEncoder]] = {}
    for each in trained:
        for cell in each.cells:
            for stage in (*lineage(cell), cell):
                whose.setdefault(stage.id, []).append(each)
    records = [*joined.stages, *(r for each in trained for r in each.records.values())]
    for record in records:
        facts = stage_facts(record)
        if facts is not None and record.cell_id in whose:
            some = whose[record.cell_id]
            yield Course(facts, some[0].family, tuple(each.label for each in some))


def panel_of(name: str, some: Sequence[Course], trained: int) -> LossPanel:
    lines: dict[tuple[str, ...], list[Course]] = {}
    for course in some:
        lines.setdefault(course.whose, []).append(course)
    stages = [course.facts.stage for course in some]
    batches = {stage.batch for stage in stages}
    is_info = {stage.objective for stage in stages} == {"info_nce"}
    return LossPanel(
        title=title_of(name, stages),
        lines=tuple(line_of(whose, each, trained) for whose, each in lines.items()),
        guess=math.log(batches.pop()) if is_info and len(batches) == 1 else None,
    )


def title_of(name: str, stages: Sequence[Stage]) -> str:
    """`video: 16 frames, batch 32`."""
    frames = sorted({stage.frames for stage in stages})
    batches = sorted({stage.batch for stage in stages})
    what = "single frames" if frames == [1] else f"{' or '.join(map(str, frames))} frames"
    return f"{name}: {what}, batch {' or '.join(map(str, batches))}"


def line_of(whose: tuple[str, ...], some: Sequence[Course], trained: int) -> LossLine:
    curves = [binned(course.facts.curve, course.facts.stage.steps) for course in some]
    count = min(map(len, curves))
    by_place = list(zip(*(curve[:count] for curve in curves), strict=True))
    losses = [[loss for _, loss in place] for place in by_place]
    families = {course.family for course in some}
    shared = len(whose) > 1
    return LossLine(
        label=name_of(whose, trained),
        family=None if shared else next(iter(families)),
        steps=tuple(place[0][0] for place in by_place),
        mean=tuple(map(statistics.fmean, losses)),
        low=tuple(map(min, losses)),
        high=tuple(map(max, losses)),
        seeds=len(some),
    )


def name_of(whose: tuple[str, ...], trained: int) -> str:
    if len(whose) == 1:
        return whose[0]
    if len(whose) == trained:
        return "shared by all"
    return f"shared by {whose[0]} and {len(whose) - 1} more"


def binned(curve: Curve, steps: int) -> list[tuple[float, float]]:
    """Step and loss, equally many points of the curve in each."""
    width = -(-len(curve.losses) // POINTS)
    found = []
    for start in range(0, len(curve.losses), width):
        losses = curve.losses[start : start + width]
        last = min((start + len(losses)) * curve.every, steps)
        found.append(((start * curve.every + 1 + last) / 2, statistics.fmean(losses)))
    return found
