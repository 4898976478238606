"""Budgets and rows -> verdicts. A missing number never passes."""

from collections.abc import Sequence
from dataclasses import replace

from vbench_mem.analysis.budgets.baseline import BaselineIndex
from vbench_mem.analysis.budgets.judge_growth import judge_growth, where_it_is
from vbench_mem.analysis.budgets.partner import Partners, judged_rows, partners_of
from vbench_mem.analysis.budgets.verdict import (
    BudgetOutcome,
    Verdict,
    not_judged,
    not_passed,
    number_of,
    origin_of,
)
from vbench_mem.analysis.budgets.wording import name_of, show_drop, show_gap, show_value
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.score_metrics import Origin
from vbench_mem.matrix.budget import Budget

TOLERANCE = 1e-9  # of fractions: 0.30 - 0.29 is slightly more than 0.01 in floating point


def judge(
    budgets: Sequence[Budget], joined: Joined, indexed: BaselineIndex | None = None
) -> list[Verdict]:
    """A verdict for every row that a budget matches, or one verdict where it matches none; without
    a baseline no limit on growth passes."""
    return [
        replace(verdict, budget=number, kind=budget.kind)
        for number, budget in enumerate(budgets)
        for verdict in _judge_rows(budget, joined, indexed)
    ]


def _judge_rows(budget: Budget, joined: Joined, indexed: BaselineIndex | None) -> list[Verdict]:
    rows = judged_rows(budget, joined.rows)
    if not rows:
        facts = ", ".join(f"{name}: {value}" for name, value in budget.where.items())
        return [not_judged(budget, f"no row to judge{f' has {facts}' if facts else ''}")]
    partners = partners_of(budget, joined.rows)
    if budget.is_score:
        return [v for row in rows for v in _judge_scores(budget, row, rows, partners)]
    if budget.kind == "max_growth":
        return [judge_growth(budget, row, indexed) for row in rows]
    verdicts = [_judge(budget, row, partners, budget.metric) for row in rows]
    return [
        replace(verdict, notes=verdict.notes or where_it_is(budget.metric, row, indexed))
        if verdict.outcome is BudgetOutcome.FAIL and verdict.actual is not None
        else verdict
        for verdict, row in zip(verdicts, rows, strict=True)
    ]


def _judge_scores(
    budget: Budget, row: Row, rows: Sequence[Row], partners: Partners | None
) -> list[Verdict]:
    """One verdict for each column of each dataset that the row, its partner or others have."""
    partner = partners.of(row)[0] if partners is not None else None
    compared = [*rows, partner] if partner is not None else rows
    datasets = sorted({s.dataset for r in compared for s in _scores(budget, r).values()})
    if not datasets:
        return [_judge(budget, row, partners, budget.dataset or "any dataset")]
    own = _scores(budget, row) | (_scores(budget, partner) if partner is not None else {})
    verdicts = []
    for dataset in datasets:
        columns = sorted(column for column, score in own.items() if score.dataset == dataset)
        verdicts += [_judge(budget, row, partners, column) for column in columns or [dataset]]
    return verdicts


def _scores(budget: Budget, row: Row) -> dict[str, AnyScore]:
    """The row's scores that the budget is about, by column; published ones only where asked for."""
    origins = (budget.origin,) if budget.origin else (Origin.MEASURED, Origin.IMPORTED)
    return {
        column: score
        for column, score in row.scores.items()
        if score.alias == budget.metric
        and score.origin in origins
        and budget.dataset in (None, score.dataset)
    }


def _judge(budget: Budget, row: Row, partners: Partners | None, column: str) -> Verdict:
    """One row under one budget; `column` is the metric, or a score's column or dataset."""
    name = name_of(budget, column)
    actual, why = number_of(budget, row, column)
    if actual is None:
        return not_passed(budget, row, f"{name} was not {origin_of(row, column)} ({why})")
    if partners is None:
        return _verdict(budget, row, actual, f"{name} is {show_value(budget, actual)}")
    partner, why = partners.of(row)
    base: float | None = None
    if partner is not None:
        base, why = number_of(budget, partner, column)
        if base is None:
            why = f"{partner.label} was not {origin_of(partner, column)}: {why}"
        elif not base and budget.kind == "max_ratio":
            base, why = None, f"{partner.label} has 0"
    if partner is None or base is None:
        return not_passed(budget, row, f"{name} cannot be compared ({why})")
    values = f"{partner.label} ({show_value(budget, actual)} against {show_value(budget, base)})"
    if budget.kind == "max_drop":
        drop = base - actual
        return _verdict(budget, row, drop, f"{name} is {show_drop(budget, drop)} below {values}")
    ratio = actual / base
    return _verdict(budget, row, ratio, f"{name} is {ratio:.3f} of {values}")


def _verdict(budget: Budget, row: Row, actual: float, text: str) -> Verdict:
    """A number at the limit passes; the message has the distance to the limit."""
    limit = budget.limit
    margin = actual - limit if budget.kind == "min" else limit - actual
    is_whole = isinstance(actual, int) and isinstance(limit, int)
    if not is_whole and abs(margin) <= TOLERANCE * max(1, abs(limit)):
        margin = 0
    if budget.kind == "max_ratio":
        limit_text, gap = f"{limit:.3f}", f"{abs(margin):.3f}"
    elif budget.kind == "max_drop":
        limit_text, gap = show_drop(budget, limit), show_drop(budget, abs(margin))
    else:
        limit_text, gap = show_value(budget, limit), show_gap(budget, abs(margin))
    side = "more" if (margin >= 0) == (budget.kind == "min") else "less"
    return Verdict(
        outcome=BudgetOutcome.PASS if margin >= 0 else BudgetOutcome.FAIL,
        metric=budget.metric,
        label=row.label,
        cell_id=row.cell.id,
        limit=limit,
        actual=actual,
        message=f"{row.label}: {text}, {gap} {side} than the limit of {limit_text}",
    )
