"""Runs the trainings of a matrix: each in a fresh process, after the stage that it continues.

On a CPU several run at once, as many as there are cores for: unlike a time, a retrieval score does
not depend on how busy the machine is. Never imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vbench_mem.accuracy.training.trained import beside
from vbench_mem.base.files import file_sha256
from vbench_mem.machine.host import cpu_cores
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.lineage import lineage, parent
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
    """Trainings, each after the stage that it continues, and the records of those that are done.

    cells  the selected last stages, and the earlier stages that are still needed
    again  train from the first step, even where there are weights or a snapshot
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
    """The trainings that `only` selects; ok records are kept unless `again`.

    An earlier stage is trained again only if its weights are missing and another continues it.
    """
    selected = trainings_of(matrix, only)
    kept = {cell.id: records[cell.id] for cell in selected if not again and is_ok(records, cell)}
    stages: dict[str, Cell] = {}
    for cell in selected:
        chain = [] if cell.id in kept else [*lineage(cell)][::-1]
        for number, stage in enumerate(chain):
            if not again and is_ok(records, stage) and has_weights(store, records[stage.id]):
                kept[stage.id] = records[stage.id]
                chain = chain[: number + 1]
                break
        stages |= {stage.id: stage for stage in reversed(chain)}
    return TrainingPlan((*stages.values(), *selected), kept, again)


def is_ok(records: Mapping[str, Record], cell: Cell) -> bool:
    return cell.id in records and records[cell.id].status is Status.OK


def forget(store: Store, cell: Cell) -> None:
    """Delete what would shorten the training; its weights stay until new ones replace them."""
    checkpoint = store.checkpoint_path(cell.id)
    with store.writable():
        for what in ("trained.json", "snapshot"):
            beside(checkpoint, what).unlink(missing_ok=True)


def has_weights(store: Store, record: Record) -> bool:
    """Does the store still have the weights of this record, unchanged?"""
    path = store.checkpoint_path(record.cell_id)
    known = record.details.get("checkpoint", {}).get("sha256")
    return path.is_file() and (known is None or file_sha256(path) == known)


@dataclass
class Trainings:
    """Runs a plan into the store of `attempts`.

    most_at_once  children at the same time; None: as many as `has_room` finds cores for
    """

    attempts: Attempts
    watch: Watch
    most_at_once: int | None = None
    running: list[Attempt] = field(default_factory=list)

    def run(self, plan: TrainingPlan) -> dict[str, Record]:
        """Every training's record, old or new, by id. Ctrl-C ends the children; the next run
        continues each from its last snapshot."""
        records: dict[str, Record] = {}
        waiting: list[Cell] = []
        for cell in plan.cells:
            if cell.id in plan.kept:
                records[cell.id] = plan.kept[cell.id]
                self.watch.finished(cell, records[cell.id], False)
            else:
                waiting.append(cell)
                if plan.again:
                    forget(self.attempts.store, cell)
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
        """Start the cells that can run, skip those that cannot; returns those that still wait."""
        left = []
        for cell in waiting:
            stage = parent(cell)
            found = None if stage is None else records.get(stage.id)
            if found is not None and found.status is not Status.OK:
                self.settle(cell, self.skip(cell, found), records)
            elif (stage is None or found is not None) and self.has_room(cell):
                self.watch.started(cell)
                self.running.append(self.attempts.begin(cell))
            else:
                left.append(cell)
        return left

    def has_room(self, cell: Cell) -> bool:
        """Can it start now? One at a time on a GPU; on a CPU while there are cores left."""
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
        """Collect the records of those that have ended; waits `POLL_S` at most."""
        for attempt in list(self.running):
            record = attempt.wait(POLL_S / len(self.running))
            if record is not None:
                self.running.remove(attempt)
                self.settle(attempt.cell, record, records)

    def settle(self, cell: Cell, record: Record, records: dict[str, Record]) -> None:
        self.attempts.store.write(record)
        records[cell.id] = record
        self.watch.finished(cell, record, True)

    def skip(self, cell: Cell, earlier: Record) -> Record:
        """The record of a training whose earlier stage failed."""
        assert earlier.cell.training is not None
        stage = earlier.cell.training.stages[-1].name
        reason = f"stage {stage} ended as {earlier.status.value}: {earlier.reason}"
        return self.attempts.record(cell, Ending(Status.SKIPPED, reason, None))
