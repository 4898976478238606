"""Records and scores -> rows, one for each cell of a matrix, with or without a record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from vbench_mem.analysis.scores.match import match
from vbench_mem.analysis.scores.measured import MeasuredScore, measured_scores
from vbench_mem.analysis.scores.score import AnyScore, Score
from vbench_mem.base.metrics import METRICS, PREDICTED
from vbench_mem.matrix.axes import facts
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes import prediction as predictions
from vbench_mem.probes.prediction import Prediction, Unpredicted, why_unpredicted
from vbench_mem.running.record import Failure, Record, RowState, Status


@dataclass(frozen=True, kw_only=True)
class Row:
    """All results of one variant at one load and runtime.

    label        distinguishes it from the other rows of its matrix
    by_rule      skipped by a rule of the matrix, so that no record is expected
    limit_bytes  memory of the virtual card, the card, or the host
    scores       by column (`AnyScore.column`)
    trainings    records of the trainings of this row, one for each seed that ran
    prediction   by the current code; it takes precedence over the one in the record
    """

    cell: Cell
    label: str
    state: RowState
    reason: str | None
    by_rule: bool
    record: Record | None
    limit_bytes: int | None = None
    scores: Mapping[str, AnyScore] = field(default_factory=dict)
    trainings: tuple[Record, ...] = ()
    prediction: Prediction | Unpredicted | None = None

    @property
    def is_ok(self) -> bool:
        return self.state == RowState.OK

    @property
    def is_out_of_memory(self) -> bool:
        """It ran out of memory, or was skipped because it would have."""
        return self.state == RowState.OOM or self.is_skipped

    @property
    def is_skipped(self) -> bool:
        """Not tried: a smaller cell ran out of memory, or this one is predicted not to fit."""
        record = self.record
        return record is not None and (
            record.pruned_by is not None or record.predicted_bytes is not None
        )

    @property
    def failure(self) -> Failure:
        return (self.record and self.record.failure) or Failure()

    @cached_property
    def facts(self) -> dict[str, Any]:
        return facts(self.cell)

    @property
    def guard(self) -> str | None:
        """What else used the device while the cell was measured; None where nothing did."""
        text = self.record.details.get("device_guard") if self.record else None
        return text if isinstance(text, str) and not text.startswith("not guarded") else None

    def metric(self, name: str) -> int | float | None:
        """A number of the record; a failed one has those it reached."""
        assert name in METRICS
        if self.has_prediction_of(name):
            fresh = self.prediction
            return fresh.metrics()[name] if isinstance(fresh, Prediction) else None
        return self.record.metrics.get(name) if self.record else None

    def has_prediction_of(self, name: str) -> bool:
        """Does the metric come from `prediction`, whatever the state of the record?"""
        return self.prediction is not None and name in PREDICTED

    def why_missing(self, name: str) -> str:
        """The reason in a few words why a number is missing."""
        if isinstance(self.prediction, Unpredicted) and self.has_prediction_of(name):
            return self.prediction.reason
        if isinstance(self.prediction, Prediction) and self.has_prediction_of(name):
            return why_unpredicted(name, self.prediction) or "not part of the prediction"
        if self.record is not None and self.is_ok:
            return self.record.missing.get(name, "not in the record")
        if self.state == RowState.OOM and self.failure.phase:
            return (self.reason or "").replace("device out of memory", "oom", 1) or "oom"
        return f"{self.state}: {self.reason}" if self.reason else self.state


def recorded_prediction(record: Record | None) -> Prediction | None:
    """By the code that was measured; None if another version of this code wrote it."""
    data = record.details.get("prediction") if record is not None else None
    if not isinstance(data, dict):
        return None
    try:
        return predictions.load(data)
    except ValidationError:
        return None


@dataclass(frozen=True, kw_only=True)
class Joined:
    """`unmatched` scores with the reason; `problems` with files; records of shared `stages`."""

    matrix: Matrix
    rows: tuple[Row, ...]
    unmatched: tuple[tuple[Score, str], ...]
    problems: tuple[str, ...]
    stages: tuple[Record, ...] = ()

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Of the rows, then of stages and trainings, each once."""
        measured = [row.record for row in self.rows if row.record is not None]
        last = {record.cell_id: record for row in self.rows for record in row.trainings}
        return (*measured, *self.stages, *last.values())

    @property
    def unscored(self) -> list[Row]:
        return [row for row in self.rows if not row.scores]

    @cached_property
    def score_columns(self) -> list[str]:
        return sorted({column for row in self.rows for column in row.scores})


def join(
    matrix: Matrix,
    records: Mapping[str, Record],
    scores: Sequence[Score] = (),
    problems: Iterable[str] = (),
) -> Joined:
    """One row for every cell, with its record and the scores of the encoder it trains."""
    of_row = matrix.accuracy.of_row if matrix.accuracy is not None else {}
    trained = {
        cell.id: tuple(records[key] for key in of_row.get(cell.id, ()) if key in records)
        for cell in matrix.cells
    }
    found: dict[str, dict[str, AnyScore]] = {
        cell.id: dict(measured_scores(trained[cell.id])) for cell in matrix.cells
    }
    unmatched: list[tuple[Score, str]] = []
    for score in scores:
        cells, reason = match(score, matrix.cells)
        for cell in cells:
            if isinstance(found[cell.id].get(score.column), MeasuredScore):
                reason = f"{matrix.label(cell)} was trained and scored on the same benchmark here"
            else:
                found[cell.id][score.column] = score
        if reason:
            unmatched.append((score, reason))
    return Joined(
        matrix=matrix,
        rows=tuple(
            _row(matrix, cell, records, found[cell.id], trained[cell.id]) for cell in matrix.cells
        ),
        unmatched=tuple(unmatched),
        problems=tuple(problems),
        stages=tuple(
            records[stage.id]
            for stage in (matrix.accuracy.stages if matrix.accuracy is not None else ())
            if stage.id in records
        ),
    )


def _row(
    matrix: Matrix,
    cell: Cell,
    records: Mapping[str, Record],
    scores: dict[str, AnyScore],
    trainings: tuple[Record, ...],
) -> Row:
    record = records.get(cell.id)
    by_rule = cell.id in matrix.skipped
    state = RowState.MISSING
    reason: str | None = "no record; run the matrix"
    if by_rule:  # numbers measured before the rule was added are not shown
        record = record if record is not None and record.status is Status.SKIPPED else None
        state, reason = RowState.SKIPPED, matrix.skipped[cell.id]
    elif record is not None and _is_outdated(record, records):
        record, reason = None, "a smaller cell no longer runs out of memory; run the matrix"
    elif record is not None and record.predicted_bytes is not None and matrix.try_predicted:
        record, reason = None, "skipped as predicted oom, to be tried now; run the matrix"
    elif record is not None:
        state, reason = RowState(record.status.value), record.reason
    return Row(
        cell=cell,
        label=matrix.label(cell),
        state=state,
        reason=reason,
        by_rule=by_rule,
        record=record,
        limit_bytes=_limit(record, records),
        scores={column: scores[column] for column in sorted(scores)},
        trainings=trainings,
    )


def _is_outdated(record: Record, records: Mapping[str, Record]) -> bool:
    """It was skipped because of a smaller cell that no longer runs out of memory."""
    smaller = records.get(record.pruned_by) if record.pruned_by is not None else None
    return smaller is not None and smaller.status is not Status.OOM


def _limit(record: Record | None, records: Mapping[str, Record]) -> int | None:
    """The limit that the record's cell reached, or the smaller cell that made it skipped."""
    if record is None:
        return None
    if record.pruned_by is not None:
        smaller = records.get(record.pruned_by)
        return None if smaller is None else _limit(smaller, {})
    failure = record.failure or Failure()
    limit = failure.bytes_limit or record.cell.protocol.memory_limit_bytes
    known = record.environment.facts if record.environment else {}
    card, *host = (
        size if isinstance(size := known.get(name), int) and size > 0 else None
        for name in ("gpu_memory_bytes", "host_memory_limit_bytes", "host_memory_bytes")
    )
    device = None if failure.where == "host" else card
    return limit or device or min((size for size in host if size), default=None)
