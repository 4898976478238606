"""Losses of trainings as plain data: which lines a stage's panel has. No matplotlib, no torch.

A line is of all trainings that differ in their seed alone. A stage that several encoders go on from
is one line.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import StageFacts, stage_facts
from vbench_mem.analysis.trained import TrainedEncoder, trained_encoders
from vbench_mem.matrix.lineage import lineage
from vbench_mem.matrix.training import Stage
from vbench_mem.report.scheme import Scheme, scheme_of
from vbench_mem.report.style import NEUTRAL

POINTS = 60  # of a line: steps one by one are noise


@dataclass(frozen=True, kw_only=True)
class LossLine:
    """Means of neighbouring steps, at their middle. Colour and marker are those of the encoder's
    rows, neutral and none where several share the stage."""

    label: str
    colour: str
    marker: str
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
class TrainedStage:
    """A stage's record, with the labels of the encoders that went through it and a row of the
    first: its looks are those of the line, though a stage on images is another encoder's."""

    facts: StageFacts
    row: Row
    encoders: tuple[str, ...]


def loss_panels(joined: Joined) -> list[LossPanel]:
    """One for each stage, in the order of the stages; none where no curve is recorded."""
    trained = trained_encoders(joined)
    found: dict[str, list[TrainedStage]] = {}
    for stage_run in trained_stages(joined, trained):
        found.setdefault(stage_run.facts.stage.name, []).append(stage_run)
    names = stage_names(trained)
    scheme = scheme_of(joined)
    return [panel_of(name, found[name], len(trained), scheme) for name in names if name in found]


def stage_names(trained: Iterable[TrainedEncoder]) -> list[str]:
    """Of the longest training, then those that only others have."""
    lists = [
        [stage.name for stage in each.cell.training.stages]
        for each in trained
        if each.cell.training is not None
    ]
    longest_first = sorted(lists, key=len, reverse=True)
    return list(dict.fromkeys(name for names in longest_first for name in names))


def trained_stages(joined: Joined, trained: Sequence[TrainedEncoder]) -> Iterator[TrainedStage]:
    """Every stage that ended well, each once."""
    users: dict[str, list[TrainedEncoder]] = {}
    for each in trained:
        for cell in each.cells:
            for stage in (*lineage(cell), cell):
                users.setdefault(stage.id, []).append(each)
    records = [*joined.stages, *(r for each in trained for r in each.records.values())]
    for record in records:
        facts = stage_facts(record)
        if facts is not None and record.cell_id in users:
            some = users[record.cell_id]
            yield TrainedStage(facts, some[0].rows[0], tuple(each.label for each in some))


def panel_of(name: str, some: Sequence[TrainedStage], trained: int, scheme: Scheme) -> LossPanel:
    lines: dict[tuple[str, ...], list[TrainedStage]] = {}
    for stage_run in some:
        lines.setdefault(stage_run.encoders, []).append(stage_run)
    stages = [stage_run.facts.stage for stage_run in some]
    batches = {stage.batch for stage in stages}
    is_info = {stage.objective for stage in stages} == {"info_nce"}
    return LossPanel(
        title=title_of(name, stages),
        lines=tuple(line_of(who, each, trained, scheme) for who, each in lines.items()),
        guess=math.log(batches.pop()) if is_info and len(batches) == 1 else None,
    )


def title_of(name: str, stages: Sequence[Stage]) -> str:
    """`video: 16 frames, batch 32`."""
    frames = sorted({stage.frames for stage in stages})
    batches = sorted({stage.batch for stage in stages})
    what = "single frames" if frames == [1] else f"{' or '.join(map(str, frames))} frames"
    return f"{name}: {what}, batch {' or '.join(map(str, batches))}"


def line_of(
    encoders: tuple[str, ...], some: Sequence[TrainedStage], trained: int, scheme: Scheme
) -> LossLine:
    curves = [
        binned(stage_run.facts.result.curve, stage_run.facts.stage.steps) for stage_run in some
    ]
    count = min(map(len, curves))
    by_place = list(zip(*(curve[:count] for curve in curves), strict=True))
    losses = [[loss for _, loss in place] for place in by_place]
    row, is_shared = some[0].row, len(encoders) > 1
    series = row.cell.variant
    return LossLine(
        label=name_of(encoders, trained),
        colour=NEUTRAL if is_shared else scheme.colour(row, series),
        marker="" if is_shared else scheme.marker(row, series),
        steps=tuple(place[0][0] for place in by_place),
        mean=tuple(map(statistics.fmean, losses)),
        low=tuple(map(min, losses)),
        high=tuple(map(max, losses)),
        seeds=len(some),
    )


def name_of(encoders: tuple[str, ...], trained: int) -> str:
    if len(encoders) == 1:
        return encoders[0]
    if len(encoders) == trained:
        return "shared by all"
    return f"shared by {encoders[0]} and {len(encoders) - 1} more"


def binned(curve: Curve, steps: int) -> list[tuple[float, float]]:
    """Step and loss, equally many points of the curve in each."""
    width = -(-len(curve.losses) // POINTS)
    found = []
    for start in range(0, len(curve.losses), width):
        losses = curve.losses[start : start + width]
        last = min((start + len(losses)) * curve.every, steps)
        found.append(((start * curve.every + 1 + last) / 2, statistics.fmean(losses)))
    return found
