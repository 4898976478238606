"""A verdict, and the number it is about. `judge.py` comes to it.

A number that is missing never passes.
"""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.analysis.budgets.growth import Change
from vbench_mem.analysis.join import Row
from vbench_mem.matrix.budget import Budget
from vbench_mem.probes.prediction import Unpredicted

Outcome = Literal["pass", "fail", "nothing"]
Found = tuple[float | None, str]  # a number, or why there is none


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`nothing`: the budget matches no row that could be judged.

    budget    which of the budgets given, from 0
    label     the row's, empty where there is none
    baseline  the number that growth is counted from
    notes     sentences that say where it comes from; `changes` the same for programs
    hint      what to do although it passes
    traceback of an encoder that raised while it was predicted; for programs, in no line
    """

    outcome: Outcome
    metric: str
    message: str
    budget: int = 0
    kind: str = ""
    label: str = ""
    cell_id: str | None = None
    limit: float | None = None
    actual: float | None = None
    baseline: int | None = None
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    hint: str | None = None
    traceback: str | None = None

    @property
    def word(self) -> str:
        return {"pass": "PASS", "fail": "FAIL", "nothing": "NOTHING TO JUDGE"}[self.outcome]

    @property
    def line(self) -> str:
        return f"{self.word} {self.message}"


def not_passed(budget: Budget, row: Row, message: str) -> Verdict:
    """No number to judge; programs are told the traceback of an encoder that raised too."""
    failed = row.prediction if row.has_prediction_of(budget.metric) else None
    trace = failed.traceback if isinstance(failed, Unpredicted) else None
    return Verdict(
        outcome="fail",
        metric=budget.metric,
        label=row.label,
        cell_id=row.cell.id,
        limit=budget.limit,
        message=message,
        traceback=trace,
    )


def number_of(budget: Budget, row: Row, column: str) -> Found:
    """The number under judgement. A failed row has none, whatever it got before it failed."""
    if budget.is_score:
        score = row.scores.get(column)
        return (score.value, "") if score else (None, "no such score is joined")
    if not row.is_ok and not row.has_prediction_of(column):
        return None, row.why_missing(column)
    value = row.metric(column)
    return (value, "") if value is not None else (None, row.why_missing(column))


def made_how(row: Row, column: str) -> str:
    return "predicted" if row.has_prediction_of(column) else "measured"
