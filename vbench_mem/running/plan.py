"""Which cells are run, in which order, and which are skipped. No torch.

Smaller cells of the same variant and runtime come first: where one runs out of memory, the larger
ones are skipped.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.cell import Cell, dump
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.memory_limit import PredictedOom
from vbench_mem.running.record import Record, Status


@dataclass(frozen=True)
class RunPlan:
    """Cells in run order; by id, those that are not run and why.

    kept           the records of cells that are done
    skipped        the reasons of skip rules
    predicted_oom  cells that are predicted not to fit
    """

    cells: tuple[Cell, ...]
    kept: dict[str, Record]
    skipped: dict[str, str]
    predicted_oom: Mapping[str, PredictedOom] = field(default_factory=dict)

    @property
    def todo(self) -> list[Cell]:
        settled = {*self.kept, *self.skipped, *self.predicted_oom}
        return [cell for cell in self.cells if cell.id not in settled]


def make_plan(
    matrix: Matrix, records: dict[str, Record], only: str | None = None, again: bool = False
) -> RunPlan:
    """The cells that `only` selects; ok records are kept unless `again`.

    Raises `UsageError` where `only` selects nothing.
    """
    cells = [cell for cell in in_order(matrix.cells) if is_selected(matrix, cell, only)]
    if not cells and matrix.cells and not trainings_of(matrix, only):
        example = matrix.label(matrix.cells[0])
        raise UsageError(
            f"--only {only}: no cell of {matrix.name} contains this; a cell reads '{example}'"
        )
    kept = {
        cell.id: records[cell.id]
        for cell in cells
        if not again
        and cell.id not in matrix.skipped
        and cell.id in records
        and records[cell.id].status is Status.OK
    }
    skipped = {cell.id: matrix.skipped[cell.id] for cell in cells if cell.id in matrix.skipped}
    return RunPlan(tuple(cells), kept, skipped)


def trainings_of(matrix: Matrix, only: str | None) -> list[Cell]:
    """The last stage of each training that `only` selects."""
    trained = matrix.accuracy.cells if matrix.accuracy is not None else ()
    return [cell for cell in trained if is_selected(matrix, cell, only)]


def is_selected(matrix: Matrix, cell: Cell, only: str | None) -> bool:
    """Does the cell's label contain the text, or its id begin with it? None selects every cell."""
    return only is None or only in matrix.label(cell) or cell.id.startswith(only)


def in_order(cells: Iterable[Cell]) -> list[Cell]:
    """Groups in the order of the matrix; in each, fewer frames and then smaller batches first."""
    return [
        cell
        for group in groups_of(cells)
        for cell in sorted(group, key=lambda cell: (cell.load.frames, cell.load.batch))
    ]


def groups_of(cells: Iterable[Cell]) -> Collection[list[Cell]]:
    """Cells that differ in frames and batch alone, in the order of the first of each group."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(group_of(cell), []).append(cell)
    return groups.values()


@cache
def group_of(cell: Cell) -> str:
    """Everything about a cell except its frames and its batch."""
    facts = dump(cell)
    del facts["encoder"], facts["recipe_name"]
    del facts["load"]["frames"], facts["load"]["batch"]
    return json.dumps(facts, sort_keys=True)


def pruned_by(cell: Cell, out_of_memory: Iterable[Cell]) -> Cell | None:
    """A cell that ran out of memory with as many frames and clips or fewer, all else equal."""
    for smaller in out_of_memory:
        if (
            smaller.load.frames <= cell.load.frames
            and smaller.load.batch <= cell.load.batch
            and smaller.id != cell.id
            and group_of(smaller) == group_of(cell)
        ):
            return smaller
    return None
