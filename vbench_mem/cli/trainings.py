"""The trainings of a `run`: their progress, and a table at the end."""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from vbench_mem.analysis.scores.measured import name_of, results_of
from vbench_mem.cli.tables import draw_with_reasons, start_of_row
from vbench_mem.cli.terminal import new_table
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record

if TYPE_CHECKING:
    from vbench_mem.running.attempt import Attempts
    from vbench_mem.running.trainings import TrainingPlan


def train(matrix: Matrix, plan: "TrainingPlan", attempts: "Attempts") -> dict[str, Record]:
    """Run the trainings that are left, with bars on a terminal; every record by id."""
    from vbench_mem.cli.progress import Bars, Lines
    from vbench_mem.running.trainings import Trainings

    if not plan.todo:
        return dict(plan.kept)
    shown = Bars if sys.stderr.isatty() else Lines
    with shown(matrix, plan.todo, list(plan.kept.values())) as watch:
        return Trainings(attempts, watch).run(plan)


def draw_trainings(
    matrix: Matrix, records: Mapping[str, Record], cells: Collection[Cell] | None = None
) -> None:
    """One row for each training with its status and T2V R@1 on each benchmark; prints nothing
    without an accuracy section."""
    if matrix.accuracy is None:
        return
    chosen = [cell for cell in matrix.accuracy.cells if cells is None or cell in cells]
    table = new_table([("id", "id"), ("training", "text"), ("status", "word")])
    for name in benchmark_names(matrix.accuracy.cells, records):
        table.add_column(f"{name} R@1", justify="right")
    for cell in chosen:
        record = records.get(cell.id)
        results = [] if record is None else results_of(record)
        recalls = (f"{100 * result.recall:.1f} %" for result in results)
        table.add_row(*start_of_row(matrix, cell, record), *recalls)
    draw_with_reasons(table, records, matrix.accuracy.all)


def benchmark_names(cells: Sequence[Cell], records: Mapping[str, Record]) -> list[str]:
    """The names of the benchmarks in the order of evaluation: from the results, else from the
    matrix, where a file has the name of its format."""
    for cell in cells:
        if cell.id in records and (results := results_of(records[cell.id])):
            return [result.name for result in results]
    training = cells[0].training
    return [] if training is None else [name_of(each) for each in training.evaluate]
