"""Verdicts on growth, and where the memory of a cell that is over its limit is.

Counts whole bytes, so that one byte over is over.
"""

from decimal import Decimal

from vbench_mem.analysis.budgets.baseline import BaselineIndex, Entry
from vbench_mem.analysis.budgets.growth import (
    Change,
    changes_of,
    elsewhere,
    explain_growth,
    is_of_peak,
    largest_holders,
)
from vbench_mem.analysis.budgets.verdict import Verdict, not_passed, number_of
from vbench_mem.analysis.budgets.wording import show_growth
from vbench_mem.analysis.join import Row
from vbench_mem.base.units import format_bytes
from vbench_mem.matrix.budget import Budget
from vbench_mem.probes.prediction import Prediction

AGREE = "run this check with --update-baseline"


def judge_growth(budget: Budget, row: Row, indexed: BaselineIndex | None) -> Verdict:
    """One row against its entry in the baseline."""
    name, fresh = budget.metric, row.prediction
    actual, why = number_of(budget, row, name)
    if actual is None or not isinstance(fresh, Prediction):
        why = why or "the record has no prediction to compare"
        return not_passed(budget, row, f"{row.label}: {name} was not predicted ({why})")
    if indexed is None:
        return not_passed(budget, row, f"{row.label}: {name} has no baseline to be compared with")
    entry = indexed.entry(row.cell)
    base = None if entry is None else entry.metrics.get(name)
    if entry is None or base is None:
        what = "" if entry is None else f"{name} is "
        return not_passed(budget, row, f"{row.label}: {what}not in the baseline; {AGREE}")
    if entry.target != fresh.target:
        text = f"{row.label}: {name} is for {fresh.target}, in the baseline for {entry.target}"
        return not_passed(budget, row, text)
    growth, allowed = int(actual) - base, allowance(budget, base)
    over = growth > allowed
    limit = format_bytes(allowed)
    if isinstance(budget.limit, float):
        limit = f"{100 * budget.limit:g} % or {limit}"
    gap = f"{format_bytes(abs(allowed - growth))} {'over' if over else 'to skip'}"
    text = f"{row.label}: {name} is {show_growth(growth, base)}, limit {limit}, {gap}"
    changes = changes_of(entry, fresh, name)
    less = f"{row.label}: {name} needs less than the baseline says; {AGREE} to keep it so"
    return Verdict(
        outcome="fail" if over else "pass",
        metric=name,
        label=row.label,
        cell_id=row.cell.id,
        limit=budget.limit,
        actual=actual,
        baseline=base,
        message=f"{text}{indexed.other_torch}",
        notes=why_grown(name, entry, fresh, changes) if over else (),
        changes=changes,
        hint=less if -growth > allowed else None,
    )


def allowance(budget: Budget, base: int) -> int:
    """Bytes that a number of the baseline may grow by; a share of it in whole bytes, exactly."""
    limit = budget.limit
    return int(Decimal(str(limit)) * base) if isinstance(limit, float) else int(limit)


def why_grown(
    metric: str, entry: Entry, fresh: Prediction, changes: tuple[Change, ...]
) -> tuple[str, ...]:
    """Sentences on the modules, where they are known at the moment that the metric is about."""
    if not is_of_peak(metric, fresh):
        return (elsewhere(fresh),)
    return tuple(explain_growth(entry, fresh, changes))


def where_it_goes(metric: str, row: Row, indexed: BaselineIndex | None) -> tuple[str, ...]:
    """What grew since the baseline where there is one, else who has most."""
    fresh = row.prediction
    if not row.has_prediction_of(metric) or not isinstance(fresh, Prediction):
        return ()
    if not is_of_peak(metric, fresh):
        return (elsewhere(fresh),)
    entry: Entry | None = indexed.entry(row.cell) if indexed else None
    if entry is not None and entry.target == fresh.target:
        changes = changes_of(entry, fresh, metric)
        if any(change.growth > 0 for change in changes):
            return tuple(explain_growth(entry, fresh, changes))
    return (largest_holders(fresh, metric),)
