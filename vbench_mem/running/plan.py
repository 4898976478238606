"""What is run, in which order, and what a smaller cell's lack of memory skips. No torch.

Smaller cells of the same variant and runtime come first, so that pruning can use what they told.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.cell import Cell, dump
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.memory_limit import PredictedOom
from vbench_mem.running.record import Record, Status


@dataclass(frozen=True)
class RunPlan:
    """Cells in run order, the records that make some of them unnecessary, and the skips.

    unfit  cells that are predicted not to fit, by id
    """

    cells: tuple[Cell, ...]
    kept: dict[str, Record]
    skipped: dict[str, str]
    predicted_oom: Mapping[str, PredictedOom] = field(default_factory=dict)

    @property
    def todo(self) -> list[Cell]:
        return [cell for cell in self.cells if not self.is_settled(cell)]

    def is_settled(self, cell: Cell) -> bool:
        return any(cell.id in settled for settled in (self.kept, self.skipped, self.predicted_oom))


def make_plan(
    matrix: Matrix, records: dict[str, Record], only: str | None = None, again: bool = False
) -> RunPlan:
    """The cells whose label or id has `only` in it; ok records are kept unless `again`.

    Raises `UsageError` when nothing has it.
    """
    cells = [cell for cell in in_order(matrix.cells) if only is None or has(matrix, cell, only)]
    if not cells and matrix.cells and not trainings_of(matrix, only):
        example = matrix.label(matrix.cells[0])
        raise UsageError(f"--only {only}: in no cell of {matrix.name}; a cell reads '{example}'")
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
    """The last stage of each training whose label or id has `only` in it."""
    trained = matrix.accuracy.cells if matrix.accuracy is not None else ()
    return [cell for cell in trained if only is None or has(matrix, cell, only)]


def has(matrix: Matrix, cell: Cell, text: str) -> bool:
    return text in matrix.label(cell) or cell.id.startswith(text)


def in_order(cells: Iterable[Cell]) -> list[Cell]:
    """Groups in the order written; in each, fewer frames and then smaller batches first."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(group_of(cell), []).append(cell)
    return [
        cell
        for group in groups.values()
        for cell in sorted(group, key=lambda cell: (cell.load.frames, cell.load.batch))
    ]


@cache
def group_of(cell: Cell) -> str:
    """Everything about a cell but its frames and its batch."""
    facts = dump(cell)
    del facts["encoder"], facts["recipe_name"]
    del facts["load"]["frames"], facts["load"]["batch"]
    return json.dumps(facts, sort_keys=True)


def pruned_by(cell: Cell, out_of_memory: Iterable[Cell]) -> Cell | None:
    """A cell that ran out of memory with no more frames and no larger batch, all else equal."""
    for smaller in out_of_memory:
        if (
            smaller.load.frames <= cell.load.frames
            and smaller.load.batch <= cell.load.batch
            and smaller.id != cell.id
            and group_of(smaller) == group_of(cell)
        ):
            return smaller
    return None
