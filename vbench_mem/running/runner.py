"""One fresh process per cell, one after another. Whatever happens to it becomes a record.

Never imports torch: the parent must not hold the device it is measuring.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from vbench_mem.cell import Cell
from vbench_mem.machine import host
from vbench_mem.machine.environment import Environment
from vbench_mem.prediction import why_unpredicted
from vbench_mem.record import Failure, Record, Status
from vbench_mem.running import endings
from vbench_mem.running.endings import Ending
from vbench_mem.running.launch import Job, Launcher, stop, sweep
from vbench_mem.running.plan import Plan, pruned_by
from vbench_mem.running.room import Unfit
from vbench_mem.store import Store, Unusable, read_record, set_aside

TIMEOUT_GRACE_S = 2  # long enough to write every thread's stack to the log


class Watch(Protocol):
    """Told what goes on, to show it."""

    def started(self, cell: Cell) -> None: ...

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None: ...


@dataclass(frozen=True)
class Runner:
    """Runs the cells of a plan into a store.

    environments  the parent's readings by name of device, written beside each child's cell
    kills         the kernel's counters of out-of-memory kills; tests pass their own
    """

    store: Store
    launcher: Launcher
    environments: Callable[[str], Environment]
    watch: Watch
    prune_oom: bool = True
    kills: Callable[[], dict[str, int]] = host.oom_kills

    def run(self, plan: Plan) -> dict[str, Record]:
        """Every cell's record, old or new, by id. Ctrl-C ends the child and keeps what is done."""
        records: dict[str, Record] = {}
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
            old = self.store.status_of(self.store.record_path(cell.id))
            if cell.id not in plan.skipped or old in (None, Status.SKIPPED):
                self.store.write(record)  # a rule says what is shown; what was measured stays
            records[cell.id] = record
            self.watch.finished(cell, record, True)
        return records

    def settle(self, cell: Cell, plan: Plan, out_of_memory: list[Cell]) -> Record:
        """Skip by a rule, skip because it cannot fit, or measure."""
        if cell.id in plan.skipped:
            return self.record(cell, Ending(Status.SKIPPED, plan.skipped[cell.id], None))
        if cell.id in plan.unfit:
            return self.spare(cell, plan.unfit[cell.id])
        smaller = pruned_by(cell, out_of_memory) if self.prune_oom else None
        if smaller is not None:
            load = smaller.load
            reason = f"out of memory already with frames={load.frames} batch={load.batch}"
            skipped = self.record(cell, Ending(Status.SKIPPED, reason, None))
            return skipped.model_copy(update={"pruned_by": smaller.id})
        self.watch.started(cell)
        return self.measure(cell)

    def spare(self, cell: Cell, unfit: Unfit) -> Record:
        """The record of a cell that is predicted not to fit: what was predicted, and the limit."""
        room, prediction = unfit.room, unfit.prediction
        failure = Failure(phase=unfit.phase, where=room.where, bytes_limit=room.most_bytes)
        metrics = prediction.metrics()
        missing = {
            name: why_unpredicted(name, prediction) or "the prediction does not have it"
            for name, value in metrics.items()
            if value is None
        }
        update = {
            "predicted_bytes": unfit.bytes,
            "metrics": metrics,
            "missing": missing,
            "details": {"prediction": prediction.dump()},
        }
        record = self.record(cell, Ending(Status.SKIPPED, unfit.reason, failure))
        return record.model_copy(update=update)

    def measure(self, cell: Cell) -> Record:
        """Start a child, wait for its end, and read or write its record."""
        job = self.prepare(cell)
        before, started_at = self.kills(), now()
        start = time.perf_counter()
        child = self.launcher.start(job)
        try:
            exit_code = child.wait(cell.protocol.timeout_s)
            if exit_code is None:
                stop(child, TIMEOUT_GRACE_S)
            wall_s = time.perf_counter() - start
        except BaseException:  # Ctrl-C above all: nothing is left running
            stop(child, TIMEOUT_GRACE_S)
            raise
        finally:
            sweep(child)
        if exit_code is None:
            ending = endings.of_timeout(cell.protocol.timeout_s, last_phase(job), log_of(job))
            record = self.record(cell, ending)
        else:
            after = self.kills()
            risen = [name for name in after if after[name] > before.get(name, 0)]
            record = self.outcome(cell, job, exit_code, risen)
        return record.model_copy(update={"started_at": started_at, "wall_s": round(wall_s, 3)})

    def prepare(self, cell: Cell) -> Job:
        """Write what the child reads, and take away what an earlier child left."""
        job = Job(
            cell=self.store.write_cell(cell),
            result=self.store.result_path(cell.id),
            environment=self.store.cell_path(f"{cell.id}.environment"),
            phases=self.store.phase_path(cell.id),
            log=self.store.log_path(cell.id),
        )
        environment = self.environments(cell.runtime.device)
        with self.store.writable():
            for path in (job.result, job.phases):
                path.unlink(missing_ok=True)
            job.environment.write_text(environment.model_dump_json(), encoding="utf-8")
        return job

    def outcome(self, cell: Cell, job: Job, exit_code: int, kills: list[str]) -> Record:
        """The child's own record where it is good, else one made from how the child ended."""
        try:
            if not job.result.exists():
                raise Unusable("no record")
            record = read_record(job.result, self.store.machine())
        except Unusable as why:
            ending = endings.of_exit(exit_code, last_phase(job), log_of(job), kills)
            if job.result.exists():
                aside = set_aside(job.result, "torn")
                ending = ending._replace(reason=f"{ending.reason}: {why}; kept as {aside.name}")
            return self.record(cell, ending)
        job.result.unlink()
        if exit_code != 0:  # after the record was written: the numbers stand, the crash is told
            record.details["exit_code_after_record"] = exit_code
        return record

    def record(self, cell: Cell, ending: Ending) -> Record:
        """A record that the parent writes."""
        return Record(
            cell_id=cell.id,
            cell=cell,
            status=ending.status,
            reason=ending.reason,
            failure=ending.failure,
            environment=self.environments(cell.runtime.device),
            started_at=now(),
        )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def last_phase(job: Job) -> str | None:
    """The last phase the child entered, as far as it came."""
    try:
        lines = job.phases.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return lines[-1] if lines else None


def log_of(job: Job) -> str:
    """The end of what the child printed; a runaway log is not read whole."""
    try:
        with job.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
