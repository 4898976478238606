"""Runs cells one after another, each in a fresh process. However it ends, there is a record.

Never imports torch: the parent must not hold the device it is measuring.
"""

from dataclasses import dataclass
from typing import Protocol

from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import why_unpredicted
from vbench_mem.running.attempt import Attempts
from vbench_mem.running.endings import Ending
from vbench_mem.running.memory_limit import PredictedOom
from vbench_mem.running.plan import RunPlan, pruned_by
from vbench_mem.running.record import Failure, Record, Status


class Watch(Protocol):
    """Is called when a cell starts and when it ends, to show progress."""

    def started(self, cell: Cell) -> None: ...

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None: ...


@dataclass(frozen=True)
class Runner:
    """Runs the cells of a plan into the store of `attempts`.

    prune_oom  skip cells that are larger than one that ran out of memory
    """

    attempts: Attempts
    watch: Watch
    prune_oom: bool = True

    def run(self, plan: RunPlan) -> dict[str, Record]:
        """Every cell's record, old or new, by id. Ctrl-C ends the child; records stay."""
        records: dict[str, Record] = {}
        store = self.attempts.store
        out_of_memory: list[Cell] = []
        for cell in plan.cells:
            kept = plan.kept.get(cell.id)
            if kept is not None:
                records[cell.id] = kept
                self.watch.finished(cell, kept, False)
                continue
            record = self.settle(cell, plan, out_of_memory)
            if record.status is Status.OOM:
                out_of_memory.append(cell)
            old = store.status_of(store.record_path(cell.id))
            if cell.id not in plan.skipped or old in (None, Status.SKIPPED):
                store.write(record)  # a rule hides what was measured, but does not replace it
            records[cell.id] = record
            self.watch.finished(cell, record, True)
        return records

    def settle(self, cell: Cell, plan: RunPlan, out_of_memory: list[Cell]) -> Record:
        """Skip the cell by a rule or because it cannot fit, or measure it."""
        if cell.id in plan.skipped:
            return self.attempts.record(cell, Ending(Status.SKIPPED, plan.skipped[cell.id], None))
        if cell.id in plan.predicted_oom:
            return self.skip(cell, plan.predicted_oom[cell.id])
        smaller = pruned_by(cell, out_of_memory) if self.prune_oom else None
        if smaller is not None:
            load = smaller.load
            reason = f"out of memory at frames={load.frames} batch={load.batch} already"
            skipped = self.attempts.record(cell, Ending(Status.SKIPPED, reason, None))
            return skipped.model_copy(update={"pruned_by": smaller.id})
        self.watch.started(cell)
        record = self.attempts.begin(cell).wait()
        assert record is not None  # without `seconds`, it waits for the end
        return record

    def skip(self, cell: Cell, predicted_oom: PredictedOom) -> Record:
        """The record of a cell that is predicted not to fit, with the prediction and the limit."""
        memory_limit, prediction = predicted_oom.memory_limit, predicted_oom.prediction
        failure = Failure(
            phase=predicted_oom.phase, where=memory_limit.where, bytes_limit=memory_limit.most_bytes
        )
        metrics = prediction.metrics()
        missing = {
            name: why_unpredicted(name, prediction) or "the prediction does not have it"
            for name, value in metrics.items()
            if value is None
        }
        update = {
            "predicted_bytes": predicted_oom.bytes,
            "metrics": metrics,
            "missing": missing,
            "details": {"prediction": prediction.dump()},
        }
        record = self.attempts.record(cell, Ending(Status.SKIPPED, predicted_oom.reason, failure))
        return record.model_copy(update=update)
