"""Predictions by the current code for the rows that budgets judge, without a device. No torch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from vbench_mem.analysis.budgets.baseline import Baseline, BaselineIndex, entry_of
from vbench_mem.analysis.budgets.partner import judged_rows, partners_of
from vbench_mem.analysis.budgets.wording import show_growth
from vbench_mem.analysis.join import Joined, Row, recorded_prediction
from vbench_mem.base.errors import UsageError
from vbench_mem.machine.environment import read_environment
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware, Prediction, Unpredicted, target_of, target_on
from vbench_mem.running.predictions import predict_all

Wanted = dict[str, tuple[Cell, Hardware]]
Outcome = Prediction | Unpredicted
Predict = Callable[[Wanted], Mapping[str, Outcome]]


def predict_missing(
    budgets: Sequence[Budget],
    joined: Joined,
    indexed: BaselineIndex | None = None,
    predict: Predict = predict_all,
) -> Joined:
    """All rows, with predictions for those that budgets on predicted metrics use; raises
    `UsageError` before any work where the baseline is for the other kind of device."""
    wanted = with_targets(row.cell for row in needing_predictions(budgets, joined.rows))
    if indexed is not None:
        check_targets(budgets, joined.rows, wanted, indexed)
    found = predict(wanted)
    rows = tuple(replace(row, prediction=found.get(row.cell.id)) for row in joined.rows)
    return replace(joined, rows=rows)


def with_recorded_predictions(joined: Joined) -> Joined:
    """The rows with the prediction in their record."""
    rows = (replace(row, prediction=recorded_prediction(row.record)) for row in joined.rows)
    return replace(joined, rows=tuple(rows))


def needing_predictions(budgets: Sequence[Budget], rows: Sequence[Row]) -> list[Row]:
    """Rows that budgets on predicted metrics judge or compare with, in the matrix's order."""
    ids = set()
    for budget in budgets:
        if not budget.is_predicted:
            continue
        partners = partners_of(budget, rows)
        for row in judged_rows(budget, rows):
            partner = partners.of(row)[0] if partners is not None else None
            ids |= {each.cell.id for each in (row, partner) if each is not None}
    return [row for row in rows if row.cell.id in ids]


def with_targets(cells: Iterable[Cell]) -> Wanted:
    """By id. This machine is inspected only where a cell has `device: auto`."""
    cells = list(cells)
    has_auto = any(cell.runtime.device == "auto" for cell in cells)
    shows_gpu = has_auto and read_environment("auto").shows_gpu
    return {cell.id: (cell, target_of(cell.runtime.device, shows_gpu)) for cell in cells}


def check_targets(
    budgets: Sequence[Budget], rows: Sequence[Row], wanted: Wanted, indexed: BaselineIndex
) -> None:
    """Raise `UsageError` for a baseline of the other kind of device, which cannot be compared."""
    grown = [budget for budget in budgets if budget.kind == "max_growth"]
    for row in needing_predictions(grown, rows):
        cell, hardware = wanted[row.cell.id]
        entry, target = indexed.entry(cell), target_on(hardware)
        if entry is not None and entry.target != target:
            raise UsageError(
                f"{indexed.path}: {indexed.keys[cell.id]} was predicted for {entry.target} and "
                f"is now predicted for {target}; write device: {entry.target} in the matrix"
            )


def new_baseline(
    cells: Iterable[Cell],
    keys: Mapping[str, str],
    torch: str,
    predict: Predict = predict_all,
    old: Baseline | None = None,
) -> tuple[Baseline, dict[str, str]]:
    """A baseline of all these cells, and by name the reasons of those that cannot be predicted,
    which keep their entry of `old`."""
    found = predict(with_targets(cells))
    entries = {
        keys[cell_id]: entry_of(outcome)
        for cell_id, outcome in found.items()
        if isinstance(outcome, Prediction)
    }
    reasons = {
        keys[cell_id]: outcome.reason
        for cell_id, outcome in found.items()
        if isinstance(outcome, Unpredicted)
    }
    accepted = (
        {key: old.cells[key] for key in reasons if key in old.cells} if old is not None else {}
    )
    return Baseline(torch=torch, cells=accepted | entries), reasons


def differences(old: Baseline | None, new: Baseline) -> list[str]:
    """A line for each cell whose entry changed, sorted by name."""
    before = old.cells if old is not None else {}
    peak = "predicted_peak_bytes"
    lines = []
    for key in sorted(before.keys() | new.cells.keys()):
        was, now = before.get(key), new.cells.get(key)
        if was is None or now is None:
            lines.append(f"{key}: {'added' if was is None else 'removed'}")
        elif peak not in was.metrics:  # deleted by hand
            lines.append(f"{key}: {peak} was not in the baseline")
        elif was != now:
            base = was.metrics[peak]
            lines.append(f"{key}: {peak} is {show_growth(now.metrics[peak] - base, base)}")
    return lines
