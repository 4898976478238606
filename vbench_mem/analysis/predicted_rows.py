"""Rows of a matrix that nobody ran: every number of memory predicted, without records or a device.

Budgets on a measured peak are judged on the predicted one, and say so by its name; those on time,
and on recall that nobody has handed in, wait for a run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.analysis.join import Joined, Row, join
from vbench_mem.analysis.scores.score import Score
from vbench_mem.base.metrics import PREDICTED
from vbench_mem.base.version import VERSION
from vbench_mem.machine.cards import Card
from vbench_mem.machine.host import torch_build
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.forecast import judge as judge_fit
from vbench_mem.running.memory_limit import Fit
from vbench_mem.running.predictions import predict_all
from vbench_mem.running.record import RowState
from vbench_mem.running.target import ExecutionTarget

Outcome = Prediction | Unpredicted
Predict = Callable[[Mapping[str, tuple[Cell, Target]]], Mapping[str, Outcome]]
RENAMED = {
    "peak_alloc_bytes": "predicted_peak_bytes",
    "peak_reserved_bytes": "predicted_reserved_bytes",
}


@dataclass(frozen=True, kw_only=True)
class PredictedRows:
    """The rows with their prediction; `by` says what predicted, and for which kind of device;
    `card` what they were held against."""

    joined: Joined
    by: str
    card: str | None


def predict_rows(
    asked: Sequence[tuple[Matrix, Sequence[Score]]],
    card: Card | None,
    predict: Predict = predict_all,
) -> list[PredictedRows]:
    """Of each matrix with its scores; a cell that several of them have is predicted once. Without a
    card, devices are this machine's and nothing is held against their memory."""
    place = ExecutionTarget.of([cell for matrix, _ in asked for cell in matrix.cells], card)
    wanted = {
        cell.id: (cell, place.target(cell))
        for matrix, _ in asked
        for cell in matrix.cells
        if cell.id not in matrix.skipped
    }
    outcomes = predict(wanted)
    targets = {cell_id: target for cell_id, (_, target) in wanted.items()}
    return [of_matrix(matrix, scores, card, place, targets, outcomes) for matrix, scores in asked]


def of_matrix(
    matrix: Matrix,
    scores: Sequence[Score],
    card: Card | None,
    place: ExecutionTarget,
    targets: Mapping[str, Target],
    outcomes: Mapping[str, Outcome],
) -> PredictedRows:
    own = {c.id: targets[c.id] for c in matrix.cells if c.id not in matrix.skipped}
    joined = join(matrix, {}, scores, [])
    rows = tuple(
        predicted(row, outcomes[row.cell.id], place, own[row.cell.id], card)
        if row.cell.id in own
        else row
        for row in joined.rows
    )
    kinds = sorted(set(own.values()))
    fits = room_name(kinds, card)
    held = f", held against {fits}" if fits else ""
    return PredictedRows(
        joined=replace(joined, rows=rows),
        by=f"vbench_mem {VERSION} and torch {torch_build()[0]}, by the rules of "
        f"{' and '.join(kinds) or 'no device'}{held}",
        card=fits,
    )


def room_name(kinds: Sequence[Target], card: Card | None) -> str | None:
    """What rows were held against; a row for the cpu never against the card."""
    if card is None or not kinds:
        return None
    return " or ".join(card.title if kind == "cuda" else "this host" for kind in reversed(kinds))


def predicted(
    row: Row, outcome: Outcome, place: ExecutionTarget, target: Target, card: Card | None
) -> Row:
    if isinstance(outcome, Unpredicted):
        return replace(row, prediction=outcome, state=RowState.UNPREDICTED, reason=outcome.reason)
    if card is None:
        return replace(row, prediction=outcome, state=RowState.PREDICTED, reason=None)
    memory_limit = place.memory_limit(row.cell)
    fit, why = judge_fit(outcome, memory_limit, target)
    state = RowState.PREDICTED if fit in (None, Fit.FITS) else fit
    limit = memory_limit.sure_bytes if memory_limit is not None else None
    return replace(row, prediction=outcome, state=state, reason=why, limit_bytes=limit)


def judge_predicted(joined: Joined) -> list[Verdict]:
    """A verdict for each budget, on predictions; none passes that could only be measured."""
    found = []
    for number, budget in enumerate(joined.matrix.budgets):
        predicted = as_predicted(budget)
        if predicted is None:
            message = f"{budget.metric} {budget.kind}: no prediction has it; run the matrix"
            found.append(waiting(budget, number, message))
        elif budget.kind == "max_growth":
            message = f"{budget.metric} {budget.kind}: judged by `vbench-mem check`"
            found.append(waiting(budget, number, message))
        else:
            for verdict in judge([predicted], joined):
                waits = budget.is_score and verdict.outcome == "fail" and verdict.actual is None
                if waits:
                    verdict = replace(verdict, outcome="nothing")
                found.append(replace(verdict, budget=number, kind=budget.kind))
    return found


def waiting(budget: Budget, number: int, message: str) -> Verdict:
    return Verdict(
        outcome="nothing",
        metric=budget.metric,
        message=message,
        budget=number,
        kind=budget.kind,
    )


def as_predicted(budget: Budget) -> Budget | None:
    """The same limit on the predicted metric; None where there is none of that kind."""
    if budget.is_predicted or budget.is_score:
        return budget
    name: Any = RENAMED.get(budget.metric, f"predicted_{budget.metric}")
    return budget.model_copy(update={"metric": name}) if name in PREDICTED else None
