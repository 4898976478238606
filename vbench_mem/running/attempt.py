"""One child process for one cell: start it, wait for it, and turn its end into a record.

Never imports torch: the parent must not hold the device it is measuring.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vbench_mem.machine import host
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.running import endings
from vbench_mem.running.endings import Ending
from vbench_mem.running.launch import Child, Job, Launcher, stop, sweep
from vbench_mem.running.record import Record
from vbench_mem.running.store import Store, Unusable, read_record, set_aside

TIMEOUT_GRACE_S = 2  # long enough to write every thread's stack to the log


@dataclass(frozen=True)
class Attempts:
    """Starts children that read and write in a store.

    environments  the parent's readings by name of device, passed to each child
    kills         reads the kernel's counters of out-of-memory kills
    """

    store: Store
    launcher: Launcher
    environments: Callable[[str], Environment]
    kills: Callable[[], dict[str, int]] = host.oom_kills

    def begin(self, cell: Cell) -> "Attempt":
        """Start a child for the cell; it runs until the attempt is ended or abandoned."""
        job = self.prepare(cell)
        before, started_at, start = self.kills(), now(), time.perf_counter()
        return Attempt(self, cell, job, self.launcher.start(job), before, started_at, start)

    def prepare(self, cell: Cell) -> Job:
        """Write the files that the child reads; delete those of an earlier child."""
        job = Job(
            cell=self.store.write_cell(cell),
            result=self.store.result_path(cell.id),
            environment=self.store.cell_path(f"{cell.id}.environment"),
            phases=self.store.phase_path(cell.id),
            log=self.store.log_path(cell.id),
            checkpoints=self.store.checkpoints,
        )
        environment = self.environments(cell.runtime.device)
        with self.store.writable():
            for path in (job.result, job.phases):
                path.unlink(missing_ok=True)
            job.environment.write_text(environment.model_dump_json(), encoding="utf-8")
        return job

    def outcome(self, cell: Cell, job: Job, exit_code: int, kills: list[str]) -> Record:
        """The child's own record if it is usable, else one made from how the child ended."""
        try:
            if not job.result.exists():
                raise Unusable("no record")
            record = read_record(job.result, self.store.machine())
        except Unusable as why:
            ending = endings.of_exit(exit_code, last_phase(job), log_of(job), kills)
            if job.result.exists():
                aside = set_aside(job.result, "torn")
                ending = ending._replace(reason=f"{ending.reason}: {why}; renamed to {aside.name}")
            return self.record(cell, ending)
        job.result.unlink()
        if exit_code != 0:  # it crashed after the record was written: the numbers are good
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


@dataclass(frozen=True)
class Attempt:
    """A started child. Once it has a record, none of its processes is left."""

    attempts: Attempts
    cell: Cell
    job: Job
    child: Child
    kills_before: dict[str, int]
    started_at: str
    start: float = field(repr=False)

    def wait(self, seconds: float | None = None) -> Record | None:
        """The record once the child has ended or timed out; None if `seconds` pass first.

        An exception in the parent meanwhile, such as Ctrl-C, ends the child and is raised.
        """
        timeout_s = self.cell.protocol.timeout_s
        left = max(timeout_s - (time.perf_counter() - self.start), 0)
        try:
            exit_code = self.child.wait(left if seconds is None else min(seconds, left))
            if exit_code is None and seconds is not None and seconds < left:
                return None
            if exit_code is None:
                stop(self.child, TIMEOUT_GRACE_S)
            wall_s = time.perf_counter() - self.start
        except BaseException:
            self.abandon()
            raise
        sweep(self.child)
        if exit_code is None:
            ending = endings.of_timeout(timeout_s, last_phase(self.job), log_of(self.job))
            record = self.attempts.record(self.cell, ending)
        else:
            after, before = self.attempts.kills(), self.kills_before
            kills = [name for name in after if after[name] > before.get(name, 0)]
            record = self.attempts.outcome(self.cell, self.job, exit_code, kills)
        update: dict[str, Any] = {"started_at": self.started_at, "wall_s": round(wall_s, 3)}
        return record.model_copy(update=update)

    def abandon(self) -> None:
        """End the child without a record."""
        stop(self.child, TIMEOUT_GRACE_S)
        sweep(self.child)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def last_phase(job: Job) -> str | None:
    """The last phase that the child entered; None if it entered none."""
    try:
        lines = job.phases.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return lines[-1] if lines else None


def log_of(job: Job) -> str:
    """The last 64 KiB of what the child printed."""
    try:
        with job.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
