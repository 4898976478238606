"""Runs the trainings of a matrix: each in a fresh process, after what it goes on from.

On a CPU as many at once as their threads leave room for: a retrieval score is the same however busy
the machine is, unlike a time. Never imports torch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vbench_mem.accuracy.training.trained import beside
from vbench_mem.base.files import file_sha256
from vbench_mem.machine.host import cpu_cores
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.lineage import parent
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.attempt import Attempt, Attempts
from vbench_mem.running.endings import Ending
from vbench_mem.running.plan import trainings_of
from vbench_mem.running.record import Record, Status
from vbench_mem.running.runner import Watch
from vbench_mem.running.store import Store

POLL_S = 0.05  # trainings take seconds, and nothing is timed here


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained, each after what it goes on from, and the records that skip a training.

    cells  the last stages asked for, with those before them that are still needed
    again  from the first step on, whatever weights and snapshots are there
    """

    cells: tuple[Cell, ...]
    kept: Mapping[str, Record]
    again: bool = False

    @property
    def todo(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.id not in self.kept]


def plan_trainings(
    matrix: Matrix,
    records: Mapping[str, Record],
    store: Store,
    only: str | None = None,
    again: bool = False,
) -> TrainingPlan:
    """The trainings whose label or id has `only` in it; ok records are kept unless `again`.

    A stage is trained again only where something goes on from it and its weights are not there.
    """
    asked = trainings_of(matrix, only)
    kept = {cell.id: records[cell.id] for cell in asked if not again and is_good(records, cell)}
    stages: dict[str, Cell] = {}
    for cell in asked:
        chain = [] if cell.id in kept else list(before(cell))
        for number, stage in enumerate(chain):
            if not again and is_good(records, stage) and is_there(store, records[stage.id]):
                kept[stage.id] = records[stage.id]
                chain = chain[: number + 1]
                break
        stages |= {stage.id: stage for stage in reversed(chain)}
    return TrainingPlan((*stages.values(), *asked), kept, again)


def is_good(records: Mapping[str, Record], cell: Cell) -> bool:
    return cell.id in records and records[cell.id].status is Status.OK


def forget(store: Store, cell: Cell) -> None:
    """Take away what would skip the training; its weights stay until there are new ones."""
    checkpoint = store.checkpoint_path(cell.id)
    with store.writable():
        for what in ("trained.json", "snapshot"):
            beside(checkpoint, what).unlink(missing_ok=True)


def is_there(store: Store, record: Record) -> bool:
    """Has the store still the very weights that the record is of?"""
    path = store.checkpoint_path(record.cell_id)
    known = record.details.get("checkpoint", {}).get("sha256")
    return path.is_file() and (known is None or file_sha256(path) == known)


def before(cell: Cell) -> Iterator[Cell]:
    """What the cell goes on from, the nearest first."""
    above = parent(cell)
    while above is not None:
        yield above
        above = parent(above)


def parent_id(cell: Cell) -> str | None:
    return next((above.id for above in before(cell)), None)


@dataclass
class Trainings:
    """Runs a plan into a store.

    most_at_once  children at the same time; none means what the machine has room for
    """

    store: Store
    attempts: Attempts
    watch: Watch
    most_at_once: int | None = None
    running: list[Attempt] = field(default_factory=list)

    def run(self, plan: TrainingPlan) -> dict[str, Record]:
        """Every training's record, old or new, by id. Ctrl-C ends the children and keeps what is
        done, and the next run goes on from where each of them was."""
        records: dict[str, Record] = {}
        waiting: list[Cell] = []
        for cell in plan.cells:
            if cell.id in plan.kept:
                records[cell.id] = plan.kept[cell.id]
                self.watch.finished(cell, records[cell.id], False)
            else:
                waiting.append(cell)
                if plan.again:
                    forget(self.store, cell)
        try:
            while waiting or self.running:
                waiting = self.start_ready(waiting, records)
                self.collect(records)
        except BaseException:
            for attempt in self.running:
                attempt.abandon()
            raise
        return records

    def start_ready(self, waiting: list[Cell], records: dict[str, Record]) -> list[Cell]:
        """Start what can be, settle what cannot; the cells that still wait."""
        left = []
        for cell in waiting:
            above = parent_id(cell)
            found = None if above is None else records.get(above)
            if found is not None and found.status is not Status.OK:
                self.settle(cell, self.skip(cell, found), records)
            elif (above is None or found is not None) and self.has_room(cell):
                self.watch.started(cell)
                self.running.append(self.attempts.begin(cell))
            else:
                left.append(cell)
        return left

    def has_room(self, cell: Cell) -> bool:
        """One at a time on a card; on a CPU as many as have cores of their own."""
        if not self.running:
            return True
        environment = self.attempts.environments(cell.runtime.device)
        is_cpu = cell.runtime.device == "cpu" or (
            cell.runtime.device == "auto" and not environment.shows_gpu
        )
        most = self.most_at_once
        if most is None:
            most = max(cpu_cores() // (cell.runtime.threads or cpu_cores()), 1) if is_cpu else 1
        return len(self.running) < most

    def collect(self, records: dict[str, Record]) -> None:
        """Take the records of those that have ended, waiting a moment for the first."""
        for attempt in list(self.running):
            record = attempt.wait(POLL_S / len(self.running))
            if record is not None:
                self.running.remove(attempt)
                self.settle(attempt.cell, record, records)

    def settle(self, cell: Cell, record: Record, records: dict[str, Record]) -> None:
        self.store.write(record)
        records[cell.id] = record
        self.watch.finished(cell, record, True)

    def skip(self, cell: Cell, above: Record) -> Record:
        """The record of a training whose earlier stage did not end well."""
        assert above.cell.training is not None
        stage = above.cell.training.stages[-1].name
        reason = f"stage {stage} ended as {above.status.value}: {above.reason}"
        return self.attempts.record(cell, Ending(Status.SKIPPED, reason, None))
