"""Shared by tests of children that misbehave."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vbench_mem.matrix.cell import Cell
from vbench_mem.running.launch import Child, Job
from vbench_mem.running.plan import RunPlan
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
    """Records what it is called with."""

    begun: list[str] = field(default_factory=list)
    ended: list[tuple[str, Status]] = field(default_factory=list)

    def started(self, cell: Cell) -> None:
        self.begun.append(cell.id)

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        self.ended.append((cell.id, record.status))


def plan_of(*cells: Cell) -> RunPlan:
    return RunPlan(tuple(cells), {}, {})


def run_one(runner: Runner, cell: Cell) -> Record:
    """Run it; what is returned is what is on disk."""
    record = runner.run(plan_of(cell))[cell.id]
    assert runner.attempts.store.records()[cell.id] == record
    assert record.wall_s is not None and record.environment is not None
    return record


class SpawnedChild:
    """A process of any command."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.ended = threading.Event()
        # Popen.wait with a timeout polls; a thread in the blocking one does not
        threading.Thread(target=self.watch, daemon=True).start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def watch(self) -> None:
        self.process.wait()
        self.ended.set()

    def wait(self, timeout_s: float) -> int | None:
        return self.process.returncode if self.ended.wait(timeout_s) else None


class SpawnLauncher:
    """Runs `command CELL RESULT ENVIRONMENT PHASES CHECKPOINTS` for each job."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)

    def start(self, job: Job) -> Child:
        with job.log.open("wb") as log:
            process = subprocess.Popen(
                [*self.command, *job.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return SpawnedChild(process)
