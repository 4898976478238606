"""Ways to start a child: from a fork server that has torch imported, or as a fresh command.

Never imports torch here: the server does that in its own process, while the parent still plans.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Protocol

from vbench_mem.machine.processes import anonymous_main, ignore_sigint

# What every child needs and what touches no device and starts no threads. A name that is missing
# costs time, not correctness: the child imports what the server could not.
PRELOAD = (
    "vbench_mem.running.worker",
    "vbench_mem.encoders.build",
    "vbench_mem.probes.burst",
    "vbench_mem.probes.predict",
    "vbench_mem.probes.flops",
    "vbench_mem.data.clips",
    "vbench_mem.accuracy.training.probe",
    "fvcore.nn",
    "torch._dynamo",  # the counters need it, and it takes as long to import as torch
)
LAST_WAIT_S = 30  # for the kernel to take a killed process away; more means it is stuck in a driver


@dataclass(frozen=True)
class Job:
    """The files of one child: two to read, two to write, and one for what it prints.

    checkpoints  the folder that trainings keep their weights in
    """

    cell: Path
    result: Path
    environment: Path
    phases: Path
    log: Path
    checkpoints: Path | None = None

    @property
    def arguments(self) -> list[str]:
        files = (self.cell, self.result, self.environment, self.phases, self.checkpoints)
        return [str(path) for path in files if path is not None]


class Child(Protocol):
    """A started process that leads a process group of its own."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout_s: float) -> int | None:
        """Block without polling; the exit code (a signal is negative), or None when time is up."""
        ...


class Launcher(Protocol):
    def start(self, job: Job) -> Child: ...


def kill_group(child: Child, number: int) -> None:
    """Signal the child and everything it started; those already gone are no error."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        # not yet a group leader, in its first microseconds, or gone with all it started
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


def stop(child: Child, grace_s: float) -> None:
    """Ask, so that the child writes its stack to the log, then kill; nothing of it is left."""
    kill_group(child, signal.SIGTERM)
    if child.wait(grace_s) is None:
        kill_group(child, signal.SIGKILL)
        child.wait(LAST_WAIT_S)


def sweep(child: Child) -> None:
    """Kill what an ended child left running in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


class ForkedChild:
    """A process forked from the server; the server tells its end through a pipe."""

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process
        assert process.pid is not None
        self.pid = process.pid

    def wait(self, timeout_s: float) -> int | None:
        self.process.join(timeout_s)
        return self.process.exitcode


class ForkServerLauncher:
    """Forks each child off a server that has torch imported and no device touched.

    The server starts at once and imports while the parent goes on; it ends with the parent.
    """

    def __init__(self, preload: Sequence[str] = PRELOAD, start_now: bool = True) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(preload))
        if start_now:
            with anonymous_main(), ignore_sigint():
                forkserver.ensure_running()

    def start(self, job: Job) -> Child:
        # not daemonic: a child may start workers of its own; `sweep` ends what is left of them
        process = self.context.Process(target=run_in_child, args=(job,))
        with anonymous_main():
            process.start()
        return ForkedChild(process)


def run_in_child(job: Job) -> None:
    """First thing in a forked child: its own session, its own log, then the worker."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()

    from vbench_mem.running import worker

    sys.exit(worker.main(job.arguments))


def end_with_parent() -> None:
    """Block until the parent is gone, then end this process and all it started."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGKILL)
