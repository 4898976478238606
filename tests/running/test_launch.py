"""The fork server and the worker: no torch in the parent, and no process left after it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vbench_mem.base.errors import Unsupported
from vbench_mem.base.load import Runtime
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.probes.measured import Measured
from vbench_mem.running import endings, worker
from vbench_mem.running.attempt import Attempts
from vbench_mem.running.launch import ForkServerLauncher
from vbench_mem.running.plan import RunPlan
from vbench_mem.running.record import Record, Status
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store

Maker = Callable[..., Cell]


class Nobody:
    def started(self, cell: Cell) -> None:
        pass

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        pass


@pytest.fixture
def run_forked(tmp_path: Path, environment: Environment) -> Callable[[Cell], Record]:
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("about: x\n", environment)

    def run(cell: Cell) -> Record:
        attempts = Attempts(store, ForkServerLauncher(), lambda _: environment)
        return Runner(attempts, Nobody()).run(RunPlan((cell,), {}, {}))[cell.id]

    return run


def test_a_cell_runs_off_the_fork_server(
    run_forked: Callable[[Cell], Record], make_cell: Maker
) -> None:
    runtime = Runtime(device="cpu", threads=1)
    record = run_forked(make_cell(batch=1, resolution_px=32, runtime=runtime))
    assert record.status is Status.OK, record.failure
    assert record.metrics["peak_alloc_bytes"]
    assert record.environment is not None
    assert record.environment.facts["torch_device"] == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_a_device_that_is_not_there_is_unsupported(
    run_forked: Callable[[Cell], Record], make_cell: Maker
) -> None:
    record = run_forked(make_cell(runtime=Runtime(device="cuda")))
    assert record.status is Status.UNSUPPORTED
    assert "CUDA" in str(record.reason) and record.metrics == {}


def test_too_little_memory_on_the_host_is_out_of_memory_with_the_bytes(
    run_forked: Callable[[Cell], Record], make_cell: Maker
) -> None:
    protocol = Protocol(warmup=1, steps=1, timeout_s=600, memory_limit_bytes=2**30)
    runtime = Runtime(device="cpu", threads=1)
    record = run_forked(make_cell(frames=256, batch=128, protocol=protocol, runtime=runtime))
    clips_bytes = 128 * 256 * 3 * 64 * 64 * 4
    assert record.status is Status.OOM and record.failure is not None
    assert record.failure.where == "host" and record.failure.phase
    assert record.failure.bytes_requested == clips_bytes


SERVER = """
import os, sys, time
from vbench_mem.running import launch
from vbench_mem.running.launch import ForkServerLauncher, Job
from pathlib import Path
launch.PRELOAD = ("torch",)
launcher = ForkServerLauncher()
place = Path(sys.argv[1])
job = Job(*(place / name for name in ("cell.json", "result", "environment", "phases", "log")))
child = launcher.start(job)
print(child.pid, flush=True)
time.sleep(600)
"""
STUCK = """
import os, sys, threading, time
def main(arguments):
    import torch
    print(os.getppid(), len(os.listdir("/proc/self/task")), torch.cuda.is_initialized(), flush=True)
    print(sorted(set(sys.modules) & {"typer", "rich", "pandas", "matplotlib"}), flush=True)
    time.sleep(600)
"""


def test_the_child_is_light_and_dies_with_the_parent(tmp_path: Path) -> None:
    """A stand-in for the worker says what it was born with, then hangs."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "module = types.ModuleType('vbench_mem.running.worker')\n"
        f"exec({STUCK!r}, module.__dict__)\n"
        "sys.modules['vbench_mem.running.worker'] = module\n"
        "import vbench_mem.running\nvbench_mem.running.worker = module\n"
    )
    script = tmp_path / "vbench-mem"  # a console script that must not run again in the child
    script.write_text("import typer, rich\n" + SERVER)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        log = tmp_path / "log"
        wait_until(lambda: log.exists() and log.read_text().count("\n") == 2)
        server, threads, initialised, *_ = log.read_text().split()
        assert int(threads) == 2  # its own, and the one that waits for the parent's end
        assert initialised == "False"
        assert log.read_text().splitlines()[1] == "[]"
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.communicate()
    wait_until(lambda: not is_alive(child) and not is_alive(int(server)))


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(12_000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("waited for two minutes in vain")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_cell_can_be_run_again_by_hand(
    make_cell: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vbench_mem.probes.burst.run_burst", lambda cell, enter: Measured(metrics={"step_ms": 1.5})
    )
    monkeypatch.setattr("vbench_mem.running.worker.faulthandler.enable", lambda: None)
    cell, record = tmp_path / "cell.json", tmp_path / "record.json"
    cell.write_text(json.dumps(cells.dump(make_cell())))
    assert worker.main([str(cell), str(record)]) == 0
    found = Record.model_validate_json(record.read_text())
    assert (found.status, found.metrics) == (Status.OK, {"step_ms": 1.5})
    assert found.cell == make_cell() and found.environment is not None
    assert worker.main([]) == 2


@pytest.mark.parametrize(
    ("error", "status", "where", "asked"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a "
         "total capacity of 15.77 GiB; 4.00 GiB allowed"), Status.OOM, "device", 2 * 2**20),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 77 bytes"),
         Status.OOM, "host", 77),
        (MemoryError(), Status.OOM, "host", None),
        (Unsupported("no bf16 here"), Status.UNSUPPORTED, None, None),
        (FloatingPointError("loss is nan"), Status.ERROR, None, None),
    ],
)  # fmt: skip
def test_an_exception_becomes_its_ending(
    make_cell: Maker,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: Status,
    where: str | None,
    asked: int | None,
) -> None:
    def fail(cell: Cell, enter: Callable[[str], None]) -> Measured:
        enter("backward")
        raise error

    monkeypatch.setattr("vbench_mem.probes.burst.run_burst", fail)
    record = worker.measure(make_cell(), environment, worker.Phases(None))
    assert record.status is status and record.failure is not None
    assert (record.failure.where, record.failure.bytes_requested) == (where, asked)
    assert record.failure.phase == "backward"
    if status is Status.ERROR:
        assert "FloatingPointError: loss is nan" in str(record.failure.traceback)
    if where == "device":
        assert record.failure.bytes_limit == 4 * 2**30


def test_a_lack_of_memory_is_found_behind_another_error() -> None:
    try:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")
        except torch.OutOfMemoryError as error:
            raise RuntimeError("the compiler failed") from error
    except RuntimeError as error:
        assert endings.of_exception(error, "forward").status is Status.OOM


def test_nan_is_null_with_a_reason_in_a_record(
    make_cell: Maker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Measured(metrics={"loss_last": float("nan"), "step_ms": 2.0})
    monkeypatch.setattr("vbench_mem.probes.burst.run_burst", lambda cell, enter: found)
    record = worker.measure(make_cell(), environment, worker.Phases(None))
    assert record.metrics == {"loss_last": None, "step_ms": 2.0}
    assert "nan" in record.missing["loss_last"]
