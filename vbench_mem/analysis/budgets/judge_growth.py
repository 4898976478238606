"""Verdicts on growth in whole bytes, and the modules that hold the memory above a limit."""

from decimal import Decimal

from vbench_mem.analysis.budgets.baseline import BaselineIndex
from vbench_mem.analysis.budgets.growth import changes_of, explain_growth, largest_holders
from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict, not_passed, number_of
from vbench_mem.analysis.budgets.wording import show_growth
from vbench_mem.analysis.join import Row
from vbench_mem.base.units import format_bytes
from vbench_mem.matrix.budget import Budget
from vbench_mem.probes.prediction import Prediction

ACCEPT = "run this check with --update-baseline"


def judge_growth(budget: Budget, row: Row, indexed: BaselineIndex | None) -> Verdict:
    """One row against its entry in the baseline."""
    name, fresh = budget.metric, row.prediction
    actual, why = number_of(budget, row, name)
    if actual is None or not isinstance(fresh, Prediction):
        why = why or "the record holds no prediction"
        return not_passed(budget, row, f"{name} was not predicted ({why})")
    if indexed is None:
        return not_passed(budget, row, f"{name} cannot be compared: no baseline is given")
    entry = indexed.entry(row.cell)
    base = None if entry is None else entry.metrics.get(name)
    if entry is None or base is None:
        what = "" if entry is None else f"{name} is "
        return not_passed(budget, row, f"{what}not in the baseline; {ACCEPT}")
    if entry.target != fresh.target:
        targets = f"it is predicted for {fresh.target}, the baseline for {entry.target}"
        return not_passed(budget, row, f"{name} cannot be compared: {targets}")
    growth = int(actual) - base
    is_share = isinstance(budget.limit, float)
    allowed = int(Decimal(str(budget.limit)) * (base if is_share else 1))  # shares exactly
    over = growth > allowed
    limit = format_bytes(allowed)
    if is_share:
        limit = f"{100 * budget.limit:g} % or {limit}"
    side = "more" if over else "less"
    gap = f"{format_bytes(abs(allowed - growth))} {side} than the limit of {limit}"
    text = f"{row.label}: {name} is {show_growth(growth, base)}, {gap}{indexed.other_torch}"
    less = f"{row.label}: {name} is below the baseline; {ACCEPT} to keep the gain"
    return Verdict(
        outcome=BudgetOutcome.FAIL if over else BudgetOutcome.PASS,
        metric=name,
        label=row.label,
        cell_id=row.cell.id,
        limit=budget.limit,
        actual=actual,
        baseline=base,
        message=text,
        notes=tuple(explain_growth(entry, fresh, name)) if over else (),
        changes=changes_of(entry, fresh, name),
        hint=less if -growth > allowed else None,
    )


def where_it_is(metric: str, row: Row, indexed: BaselineIndex | None) -> tuple[str, ...]:
    """What grew since the baseline; without a baseline the largest modules."""
    fresh = row.prediction
    if not row.has_prediction_of(metric) or not isinstance(fresh, Prediction):
        return ()
    entry = indexed.entry(row.cell) if indexed else None
    if (
        entry is not None
        and entry.target == fresh.target
        and any(change.growth > 0 for change in changes_of(entry, fresh, metric))
    ):
        return tuple(explain_growth(entry, fresh, metric))
    return (largest_holders(fresh, metric),)
