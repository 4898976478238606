"""How encoders were trained, as a table, and the trainings that failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.measured import StageFacts
from vbench_mem.analysis.scores.measured import name_of as source_name
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import trained_encoders
from vbench_mem.matrix.training import Source, Stage
from vbench_mem.report.curves import TrainedStage, name_of, stage_names, trained_stages
from vbench_mem.report.document import Column, Field, Group, Span, field_of, line, text_fields
from vbench_mem.running.record import RowState

DIGITS = 12  # of a hash
REPEATED = "pairs with the caption of an earlier pair of their batch"
STAGE_COLUMNS = (
    Column("encoder"),
    Column("seconds", True),
    Column("clips/s", True),
    Column("captions repeated", True, REPEATED),
    Column("captions cut", True),
    Column("broken clips", True),
    Column("checkpoints by seed, SHA-256"),
)


@dataclass(frozen=True, kw_only=True)
class FailedTraining:
    """A training without a result."""

    label: str
    state: str
    reason: str
    cell_id: str


def stage_groups(joined: Joined) -> list[Group]:
    """A group of rows for each stage; one row for each encoder, or for several that share it."""
    trained = trained_encoders(joined)
    groups: dict[tuple[Stage, tuple[str, ...]], list[TrainedStage]] = {}
    for stage_run in trained_stages(joined, trained):
        groups.setdefault((stage_run.facts.stage, stage_run.encoders), []).append(stage_run)
    order = stage_names(trained)
    found: dict[str, list[tuple[Field, ...]]] = {}
    for (stage, whose), some in sorted(
        groups.items(), key=lambda each: order.index(each[0][0].name)
    ):
        label = name_of(whose, len(trained))
        facts = [stage_run.facts for stage_run in some]
        found.setdefault(about(stage), []).append(stage_fields(label, facts))
    return [Group(tuple(rows), head=line(text)) for text, rows in found.items()]


def about(stage: Stage) -> str:
    """`video: 16 frames, 300 steps of batch 64, learning rate 0.001 cosine, info_nce`."""
    warmup = f" after {stage.warmup} of warm-up" if stage.warmup else ""
    batch = f"{stage.batch:,}" + (f" in {stage.micro_batch:,}s" if stage.micro_batch else "")
    return (
        f"{stage.name}: {frames_text(stage)}, {stage.steps:,} steps of batch {batch}, "
        f"learning rate {stage.learning_rate:g} {stage.schedule}{warmup}, {stage.objective}"
    )


def stage_fields(label: str, facts: Sequence[StageFacts]) -> tuple[Field, ...]:
    """In the order of `STAGE_COLUMNS`; numbers are means over seeds."""
    results = [each.result for each in facts]
    seen = sum(each.clips_seen for each in results)
    hashes: list[str | Span] = []
    for each in facts:
        hashes.append(f"{', ' if hashes else ''}{each.seed} ")
        hashes.append(Span(each.checkpoint[:DIGITS], "code", title=each.checkpoint))
    texts = (
        label,
        Spread(tuple(each.seconds for each in results)).plain,
        Spread(tuple(each.clips_seen / each.seconds for each in results)).plain,
        f"{100 * sum(each.repeated for each in results) / seen:.1f} %" if seen else "",
        f"{max(each.truncated for each in results):,}",
        f"{max(len(each.broken) for each in results):,}",
    )
    return (*text_fields(*texts), field_of(*hashes))


def frames_text(stage: Stage) -> str:
    """`16 frames`, `16 frames with images at 0.5 of the loss`, `single frames out of 16`."""
    if stage.feeds == "images":
        return f"single frames out of {stage.drawn_from}"
    return f"{stage.frames} frames" + (
        f" with images at {stage.images:g} of the loss" if stage.images else ""
    )


def trained_on(joined: Joined) -> str:
    """The sources of the training pairs, and the initial weights."""
    accuracy = joined.matrix.accuracy
    trainings = [cell.training for cell in (accuracy.cells if accuracy is not None else ())]
    training = next((each for each in trainings if each is not None), None)
    if training is None:
        return ""
    facts = []
    if training.sources:
        facts.append(f"Trained on {', '.join(map(source_text, training.sources))}.")
    if training.init is not None:
        sha256 = (training.init_sha256 or "")[:DIGITS]
        facts.append(f"Started from {Path(training.init).name}, SHA-256 {sha256}.")
    return " ".join(facts)


def source_text(source: Source) -> str:
    facts = [
        f"size {source.size}" if source.size else "",
        source.split or "",
        f"{source.noise:.0%} of the captions from another clip" if source.noise else "",
    ]
    inside = ", ".join(filter(None, facts))
    return source_name(source) + (f" ({inside})" if inside else "")


def failed_trainings(joined: Joined) -> list[FailedTraining]:
    """Trainings and shared stages that failed or have no record."""
    accuracy = joined.matrix.accuracy
    if accuracy is None:
        return []
    known = {record.cell_id: record for record in joined.records}
    found = []
    for cell in accuracy.all:
        state, reason = RowState.MISSING.value, "no record; run the matrix"
        if (record := known.get(cell.id)) is not None:
            state, reason = record.status.value, record.reason or ""
        if reason:
            label = joined.matrix.label(cell)
            found.append(FailedTraining(label=label, state=state, reason=reason, cell_id=cell.id))
    return found


def stage_notes(joined: Joined) -> list[str]:
    """Notes of stages, and clips that could not be decoded; each once."""
    found: dict[str, None] = {}
    for stage_run in trained_stages(joined, trained_encoders(joined)):
        facts = stage_run.facts
        who = f"{name_of(stage_run.encoders, 0)}, stage {facts.stage.name}"
        for note in facts.result.notes:
            found[f"{who}, seed={facts.seed}: {note}"] = None
        for clip in facts.result.broken:
            found[f"{clip.id} could not be decoded: {clip.reason}"] = None
    return list(found)
