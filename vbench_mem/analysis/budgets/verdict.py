"""A verdict on a budget, and the number it judges. A missing number never passes."""

from dataclasses import dataclass
from enum import StrEnum

from vbench_mem.analysis.budgets.growth import Change
from vbench_mem.analysis.join import Row
from vbench_mem.matrix.budget import Budget
from vbench_mem.probes.prediction import Unpredicted

Found = tuple[float | None, str]  # a number, or the reason why it is missing


class BudgetOutcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOTHING_TO_JUDGE = "nothing to judge"  # no row of the budget could be judged


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one budget on one row, or on none.

    budget    index of the budget, from 0
    label     of the row; empty without a row
    baseline  the number that growth is counted from
    notes     sentences on where the memory is; `changes` has the same as data
    hint      what to do although it passes
    traceback of an encoder that raised while it was predicted; only in data, in no text
    """

    outcome: BudgetOutcome
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
    def passes(self) -> bool:
        return self.outcome is BudgetOutcome.PASS

    @property
    def notes_and_hint(self) -> list[str]:
        return [*self.notes, *([self.hint] if self.hint is not None else [])]

    @property
    def word(self) -> str:
        return self.outcome.upper()

    @property
    def line(self) -> str:
        return f"{self.word} {self.message}"


def not_passed(budget: Budget, row: Row, message: str) -> Verdict:
    """A failure without a number, with the traceback of an encoder that raised."""
    failed = row.prediction if row.has_prediction_of(budget.metric) else None
    return Verdict(
        outcome=BudgetOutcome.FAIL,
        metric=budget.metric,
        label=row.label,
        cell_id=row.cell.id,
        limit=budget.limit,
        message=f"{row.label}: {message}",
        traceback=failed.traceback if isinstance(failed, Unpredicted) else None,
    )


def not_judged(budget: Budget, why: str) -> Verdict:
    """Of no row."""
    message = f"{budget.metric} {budget.kind}: {why}"
    return Verdict(outcome=BudgetOutcome.NOTHING_TO_JUDGE, metric=budget.metric, message=message)


def number_of(budget: Budget, row: Row, column: str) -> Found:
    """The number to judge. A failed row has none, whatever it reached before it failed."""
    if budget.is_score:
        score = row.scores.get(column)
        return (score.value, "") if score else (None, "no such score is known for this row")
    if not row.is_ok and not row.has_prediction_of(column):
        return None, row.why_missing(column)
    value = row.metric(column)
    return (value, "") if value is not None else (None, row.why_missing(column))


def origin_of(row: Row, column: str) -> str:
    return "predicted" if row.has_prediction_of(column) else "measured"
