"""Starts children from a fork server that has torch imported.

Never imports torch here: the server does so in its own process, while the parent still plans.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Protocol

from vbench_mem.machine.processes import anonymous_main, ignore_sigint

# What every child needs, touches no device and starts no threads. A missing name only costs time:
# the child imports what the server did not.
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
LAST_WAIT_S = 30  # for the kernel to end a killed process; longer means it is stuck in a driver


@dataclass(frozen=True)
class Job:
    """The files of one child: it reads `cell` and `environment`, writes `result` and `phases`, and
    prints to `log`.

    checkpoints  the folder for the weights of trainings
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
    """A started process that leads its own process group."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout_s: float) -> int | None:
        """Block without polling; the exit code (negative for a signal), or None on timeout."""
        ...


class Launcher(Protocol):
    def start(self, job: Job) -> Child: ...


def kill_group(child: Child, number: int) -> None:
    """Signal the child and everything it started; processes that have ended are no error."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        # not a group leader yet, in its first microseconds, or already gone
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


def stop(child: Child, grace_s: float) -> None:
    """SIGTERM, at which the child writes its stack to the log, then SIGKILL after `grace_s`."""
    kill_group(child, signal.SIGTERM)
    if child.wait(grace_s) is None:
        kill_group(child, signal.SIGKILL)
        child.wait(LAST_WAIT_S)


def sweep(child: Child) -> None:
    """Kill what an ended child left running in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


class ForkedChild:
    """A process forked from the server, which reports its end through a pipe."""

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process
        assert process.pid is not None
        self.pid = process.pid

    def wait(self, timeout_s: float) -> int | None:
        self.process.join(timeout_s)
        return self.process.exitcode


class ForkServerLauncher:
    """Forks each child from a server that has imported torch and touched no device.

    With `start_now` the server starts at once and imports in the background. It ends with the
    parent.
    """

    def __init__(self, start_now: bool = True) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(PRELOAD))
        if start_now:
            with anonymous_main(), ignore_sigint():
                forkserver.ensure_running()

    def start(self, job: Job) -> Child:
        # not daemonic: a child may start workers; `sweep` ends those that are left
        process = self.context.Process(target=run_in_child, args=(job,))
        with anonymous_main():
            process.start()
        return ForkedChild(process)


def run_in_child(job: Job) -> None:
    """The forked child: a new session, output to the log, then the worker."""
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
    """Block until the parent has ended, then end this process and all that it started."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGKILL)
