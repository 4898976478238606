"""Records on the terminal, and as JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from vbench_mem.base.metrics import METRICS, show
from vbench_mem.cli.terminal import new_console, new_table
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record, RowState, Status

ID_DIGITS = 8  # of 16: enough to distinguish the cells of a matrix
HEADS = {"peak_alloc_bytes": "peak", "step_ms": "ms/step", "clips_per_s": "clips/s"}
IN_JSON = {
    *("reason", "failure", "pruned_by", "predicted_bytes"),
    *("metrics", "missing", "started_at", "wall_s"),
}
STYLES = {Status.OK: "green", Status.SKIPPED: "dim", Status.UNSUPPORTED: "dim"}


def draw_records(
    matrix: Matrix, records: Mapping[str, Record], title: str, cells: Sequence[Cell] | None = None
) -> None:
    """One row for each cell in the order given, then the reasons of those that are not ok."""
    chosen = [record.cell for record in records.values()] if cells is None else cells
    table = new_table(
        [("id", "id"), ("cell", "text"), ("status", "word")], f"{matrix.name}: {title}"
    )
    for head in HEADS.values():
        table.add_column(head, justify="right", no_wrap=True)
    for cell in chosen:
        metrics = records[cell.id].metrics if cell.id in records else {}
        numbers = (show(name, metrics.get(name)) for name in HEADS)
        table.add_row(*start_of_row(matrix, cell, records.get(cell.id)), *numbers)
    draw_with_reasons(table, records, chosen)
    for line in matrix.dropped:
        new_console().print(f"skipped: {line}", markup=False)


def start_of_row(matrix: Matrix, cell: Cell, record: Record | None) -> list[str]:
    """The id, the label and the state of a cell."""
    style = "dim" if record is None else STYLES.get(record.status, "red")
    state = f"[{style}]{state_of(matrix, cell, record)}[/]"
    return [cell.id[:ID_DIGITS], escape(matrix.label(cell)), state]


def draw_with_reasons(table: Table, records: Mapping[str, Record], cells: Iterable[Cell]) -> None:
    console = new_console()
    console.print(table)
    for cell in cells:
        record = records.get(cell.id)
        if record is not None and record.reason is not None:
            line = f"{cell.id[:ID_DIGITS]} {record.status.value}: {record.reason}"
            console.print(line, markup=False)


def state_of(matrix: Matrix, cell: Cell, record: Record | None) -> Status | RowState:
    """The status of the record; without one, whether a rule skips the cell or it is missing."""
    if record is not None:
        return record.status
    return Status.SKIPPED if cell.id in matrix.skipped else RowState.MISSING


def json_of(matrix: Matrix, cell: Cell, record: Record | None) -> dict[str, Any]:
    """The state and the metrics of one cell; the record file has the rest."""
    facts: dict[str, Any] = {
        "id": cell.id,
        "label": matrix.label(cell),
        "variant": cell.variant,
        "status": state_of(matrix, cell, record),
        "reason": matrix.skipped.get(cell.id),
    }
    if record is not None:
        facts |= record.model_dump(mode="json", include=IN_JSON)
    return facts


def draw_record(record: Record) -> None:
    """One record in full: the cell, its status, every number with its meaning or, where it is
    missing, the reason."""
    console = new_console()
    console.print(f"{record.cell.variant} {record.cell_id}: {record.status.value}", markup=False)
    if record.reason is not None:
        console.print(record.reason, markup=False)
    table = new_table([("metric", "word")])
    table.add_column("value", justify="right", overflow="fold")
    table.add_column("meaning", overflow="fold")
    for name, metric in METRICS.items():
        if name in record.metrics:
            value = record.metrics[name]
            why = f"not measured: {record.missing.get(name, '')}"
            table.add_row(name, with_unit(name, value), why if value is None else metric.meaning)
    if record.metrics:
        console.print(table, markup=False)
    whole = record.model_dump(mode="json", exclude={"metrics", "missing", "reason", "cell_id"})
    trace = (whole.get("failure") or {}).pop("traceback", None)
    for name in ("failure", "cell", "details", "environment"):
        if whole.get(name):
            console.print(f"\n{name}", style="bold")
            console.print_json(data=whole[name])
    if trace:
        console.print("\ntraceback", style="bold")
        console.print(trace, markup=False)


def with_unit(name: str, value: float | None) -> str:
    """`412 ms`; `metrics.show` adds the unit of bytes and shares."""
    text, unit = show(name, value), METRICS[name].unit
    return text if unit in ("bytes", "share") or not text else f"{text} {unit}"
