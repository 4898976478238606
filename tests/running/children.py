"""What tests of children that misbehave share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vbench_mem.matrix.cell import Cell
from vbench_mem.running.plan import Plan
from vbench_mem.running.record import Record, Status
from vbench_mem.running.runner import Runner

Maker = Callable[..., Cell]
MakeRecord = Callable[..., Record]
AtLoad = Callable[[Cell, int, int], Cell]
CUDA = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.10 GiB. GPU 0 has a total "
    "capacity of 15.77 GiB of which 1.20 GiB is free."
)


@dataclass
class Seen:
    """Remembers what it is told."""

    begun: list[str] = field(default_factory=list)
    ended: list[tuple[str, Status]] = field(default_factory=list)

    def started(self, cell: Cell) -> None:
        self.begun.append(cell.id)

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        self.ended.append((cell.id, record.status))


def plan_of(*cells: Cell) -> Plan:
    return Plan(tuple(cells), {}, {})


def run_one(runner: Runner, cell: Cell) -> Record:
    """Run it; what is returned is what is on disk."""
    record = runner.run(plan_of(cell))[cell.id]
    assert runner.store.records()[cell.id] == record
    assert record.wall_s is not None and record.environment is not None
    return record
