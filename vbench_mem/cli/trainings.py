"""The trainings of a `run`: shown while they run, and summed up at the end."""

import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vbench_mem.cell import Cell
from vbench_mem.cli.tables import ID_DIGITS, STYLES
from vbench_mem.matrix.load import Matrix
from vbench_mem.record import Record, Status
from vbench_mem.scores.measured import asked_of, results_of

if TYPE_CHECKING:
    from vbench_mem.running.attempt import Attempts
    from vbench_mem.running.trainings import Course


def train(matrix: Matrix, course: "Course", attempts: "Attempts") -> dict[str, Record]:
    """Run what is left of the course, with bars on a terminal; every record by id."""
    from vbench_mem.cli.progress import Bars, Lines
    from vbench_mem.running.trainings import Trainings

    if not course.todo:
        return dict(course.kept)
    shown = Bars if sys.stderr.isatty() else Lines
    with shown(matrix, course.todo, list(course.kept.values())) as watch:
        return Trainings(attempts.store, attempts, watch).run(course)


def draw_trainings(
    matrix: Matrix, records: Mapping[str, Record], cells: Collection[Cell] | None = None
) -> None:
    """One row a training: how it ended and T2V R@1 of each benchmark; nothing where none is."""
    if matrix.accuracy is None:
        return
    chosen = [cell for cell in matrix.accuracy.cells if cells is None or cell in cells]
    console = Console(highlight=False, emoji=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("id", no_wrap=True, style="dim")
    table.add_column("training", overflow="fold")
    table.add_column("status", no_wrap=True)
    names = asked_of(matrix.accuracy.cells)
    for name in names:
        table.add_column(f"{name} R@1", justify="right")
    for cell in chosen:
        table.add_row(*row_of(matrix, cell, records.get(cell.id), names))
    console.print(table)
    for cell in matrix.accuracy.all:
        record = records.get(cell.id)
        if record is not None and record.reason is not None:
            line = f"{cell.id[:ID_DIGITS]} {record.status.value}: {record.reason}"
            console.print(line, markup=False)


def row_of(matrix: Matrix, cell: Cell, record: Record | None, names: list[str]) -> list[str]:
    state, style = ("missing", "dim") if record is None else (record.status.value, "red")
    if record is not None:
        style = STYLES.get(record.status, style)
    found = {}
    if record is not None and record.status is Status.OK:
        found = {result.name: result.recall for result in results_of(record)}
    recalls = [f"{100 * found[name]:.1f} %" if name in found else "" for name in names]
    label = escape(matrix.label(cell))
    return [cell.id[:ID_DIGITS], label, f"[{style}]{state}[/]", *recalls]
