"""Predictions for the rows that budgets ask about, made afresh of the code at hand. No torch here.

Only cells that a budget on a predicted metric touches are predicted, with the rows they are
compared with: neither records nor a device are needed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import ValidationError

from vbench_mem.analysis.budgets.baseline import Baseline, BaselineIndex, entry_of
from vbench_mem.analysis.budgets.partner import judged_rows, partners_of
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.errors import UsageError
from vbench_mem.machine.environment import read_environment
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import prediction as predictions
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted, target_of
from vbench_mem.running.predictions import predict_all

Wanted = dict[str, tuple[Cell, Target]]
Outcome = Prediction | Unpredicted
Predict = Callable[[Wanted], Mapping[str, Outcome]]


def predict_missing(
    budgets: Sequence[Budget],
    joined: Joined,
    indexed: BaselineIndex | None = None,
    predict: Predict = predict_all,
) -> Joined:
    """The rows, those that a budget on a predicted metric touches with their prediction.

    Raises `UsageError` before any work where the baseline is of the other kind of device.
    """
    wanted = with_targets(row.cell for row in touched(budgets, joined.rows))
    if indexed is not None:
        check_targets(budgets, joined.rows, wanted, indexed)
    found = predict(wanted)
    rows = tuple(replace(row, prediction=found.get(row.cell.id)) for row in joined.rows)
    return replace(joined, rows=rows)


def recall(joined: Joined) -> Joined:
    """The rows with the prediction that their record holds: of the code that was measured then."""
    return replace(joined, rows=tuple(map(recall_one, joined.rows)))


def recall_one(row: Row) -> Row:
    kept = row.record.details.get("prediction") if row.record is not None else None
    if not isinstance(kept, dict):
        return row
    try:
        return replace(row, prediction=predictions.load(kept))
    except ValidationError:  # of another version of this code: the row is as if it had none
        return row


def touched(budgets: Sequence[Budget], rows: Sequence[Row]) -> list[Row]:
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
    """By id. What `auto` means is asked of this machine, and only where a cell says `auto`."""
    cells = list(cells)
    asks = any(cell.runtime.device == "auto" for cell in cells)
    shows_gpu = asks and read_environment("auto").shows_gpu
    return {cell.id: (cell, target_of(cell.runtime.device, shows_gpu)) for cell in cells}


def check_targets(
    budgets: Sequence[Budget], rows: Sequence[Row], wanted: Wanted, indexed: BaselineIndex
) -> None:
    """Refuse a baseline of the other kind of device: nothing in it can be compared."""
    grown = [budget for budget in budgets if budget.kind == "max_growth"]
    for row in touched(grown, rows):
        cell, target = wanted[row.cell.id]
        entry = indexed.entry(cell)
        if entry is not None and entry.target != target:
            raise UsageError(
                f"{indexed.path}: {indexed.keys[cell.id]} was predicted for {entry.target} and "
                f"would be for {target} here; write device: {entry.target} in the matrix"
            )


def new_baseline(
    cells: Iterable[Cell],
    keys: Mapping[str, str],
    torch: str,
    predict: Predict = predict_all,
    old: Baseline | None = None,
) -> tuple[Baseline, dict[str, str]]:
    """A baseline of all these cells, and by name why some could not be predicted.

    Those keep their entry in `old`, so that one failure does not take what was agreed to.
    """
    found = predict(with_targets(cells))
    entries = {
        keys[cell_id]: entry_of(made)
        for cell_id, made in found.items()
        if isinstance(made, Prediction)
    }
    reasons = {
        keys[cell_id]: made.reason
        for cell_id, made in found.items()
        if isinstance(made, Unpredicted)
    }
    kept = {key: old.cells[key] for key in reasons if key in old.cells} if old is not None else {}
    return Baseline(torch=torch, cells=kept | entries), reasons


def differences(old: Baseline | None, new: Baseline) -> list[str]:
    """A line for each cell whose entry is another than before, in the order of the names."""
    before = old.cells if old is not None else {}
    lines = []
    for key in sorted(before.keys() | new.cells.keys()):
        was, now = before.get(key), new.cells.get(key)
        if was is None or now is None:
            lines.append(f"{key}: {'new' if was is None else 'gone'}")
        elif was != now:
            lines.append(f"{key}: {peak_change(was.metrics, now.metrics)}")
    return lines


def peak_change(was: Mapping[str, int], now: Mapping[str, int]) -> str:
    from vbench_mem.analysis.budgets.wording import show_growth

    name = "predicted_peak_bytes"
    if name not in was:  # taken out by hand
        return f"{name} was not in the baseline"
    return f"{name} is {show_growth(now[name] - was[name], was[name])}"
