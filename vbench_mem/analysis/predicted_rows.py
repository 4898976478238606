"""Rows of a matrix before any run: all memory numbers are predicted, without records or a device.
Budgets on a measured peak are judged on the predicted one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.predict import Outcome, Predict, Wanted
from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict, not_judged
from vbench_mem.analysis.join import Joined, Row, join
from vbench_mem.analysis.scores.score import Score
from vbench_mem.base.metrics import PREDICTED
from vbench_mem.base.version import VERSION
from vbench_mem.machine.cards import Card
from vbench_mem.machine.host import torch_build
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Unpredicted
from vbench_mem.running.forecast import judge as judge_fit
from vbench_mem.running.memory_limit import Fit
from vbench_mem.running.predictions import predict_all
from vbench_mem.running.record import RowState
from vbench_mem.running.target import ExecutionTarget

RENAMED = {
    "peak_alloc_bytes": "predicted_peak_bytes",
    "peak_reserved_bytes": "predicted_reserved_bytes",
}


@dataclass(frozen=True, kw_only=True)
class PredictedRows:
    """The rows with their prediction; `by` names the versions and the kind of device; `card` is the
    memory that they were compared with."""

    joined: Joined
    by: str
    card: str | None


def predict_rows(
    matrices: Sequence[tuple[Matrix, Sequence[Score]]],
    card: Card | None,
    predict: Predict = predict_all,
) -> list[PredictedRows]:
    """The rows of each matrix with its scores; a cell of several matrices is predicted once.
    Without a card the devices of this machine are assumed and no memory limit is applied."""
    place = ExecutionTarget.of([cell for matrix, _ in matrices for cell in matrix.cells], card)
    wanted: Wanted = {
        cell.id: (cell, place.hardware(cell)) for matrix, _ in matrices for cell in matrix.wanted
    }
    outcomes = predict(wanted)
    found = []
    for matrix, scores in matrices:
        joined = join(matrix, {}, scores)
        rows = tuple(
            row if row.by_rule else predicted(row, outcomes[row.cell.id], place, card)
            for row in joined.rows
        )
        kinds = sorted({place.target(cell) for cell in matrix.wanted})
        limit = None
        if card is not None and kinds:  # a cpu is compared with the host's memory
            names = {"cuda": card.title, "cpu": "this host"}
            limit = " or ".join(names[kind] for kind in reversed(kinds))
        by = f"vbench_mem {VERSION} and torch {torch_build()[0]}, by the rules of "
        by += " and ".join(kinds) or "no device"
        by += f", compared with the memory of {limit}" if limit else ""
        found.append(PredictedRows(joined=replace(joined, rows=rows), by=by, card=limit))
    return found


def predicted(row: Row, outcome: Outcome, place: ExecutionTarget, card: Card | None) -> Row:
    if isinstance(outcome, Unpredicted):
        return replace(row, prediction=outcome, state=RowState.UNPREDICTED, reason=outcome.reason)
    if card is None:
        return replace(row, prediction=outcome, state=RowState.PREDICTED, reason=None)
    memory_limit = place.memory_limit(row.cell)
    fit, why = judge_fit(outcome, memory_limit, place.target(row.cell))
    state = RowState.PREDICTED if fit in (None, Fit.FITS) else RowState(str(fit))
    limit = memory_limit.sure_bytes if memory_limit is not None else None
    return replace(row, prediction=outcome, state=state, reason=why, limit_bytes=limit)


def judge_predicted(joined: Joined) -> list[Verdict]:
    """A verdict for each budget, on predictions; a budget on a measured number never passes."""
    found = []
    for number, budget in enumerate(joined.matrix.budgets):
        predicted = as_predicted(budget)
        if predicted is None:
            verdicts = [not_judged(budget, "cannot be predicted; run the matrix")]
        elif budget.kind == "max_growth":
            verdicts = [not_judged(budget, "is judged by `vbench-mem check`")]
        else:
            verdicts = judge([predicted], joined)
        for verdict in verdicts:
            if budget.is_score and verdict.actual is None:
                verdict = replace(verdict, outcome=BudgetOutcome.NOTHING_TO_JUDGE)
            found.append(replace(verdict, budget=number, kind=budget.kind))
    return found


def as_predicted(budget: Budget) -> Budget | None:
    """The same limit on the predicted metric; None where the metric cannot be predicted."""
    if budget.is_predicted or budget.is_score:
        return budget
    name: Any = RENAMED.get(budget.metric, f"predicted_{budget.metric}")
    return budget.model_copy(update={"metric": name}) if name in PREDICTED else None
