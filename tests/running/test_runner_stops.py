"""Children that hang, fork or are interrupted: nothing is left running."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running.children import Maker, MakeRecord, plan_of, run_one
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.running.record import Status
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store


def gone(pid: int) -> bool:
    """Is the process dead? One that nobody waits for may stay as a zombie."""
    for _ in range(3000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


FORK = """
child = os.fork()
if not child:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
print(child, flush=True)
"""


def test_a_hanging_child_and_all_it_started_are_ended_at_the_timeout(
    runner_of: Callable[..., Runner], store: Store, make_cell: Maker
) -> None:
    cell = make_cell(protocol=Protocol(timeout_s=2))
    script = FORK + "open(phases, 'a').write('backward\\n'); time.sleep(600)"
    start = time.perf_counter()
    record = run_one(runner_of(script), cell)
    assert time.perf_counter() - start < 60
    assert record.status is Status.TIMEOUT and record.failure is not None
    assert record.failure.phase == "backward"
    assert record.reason == "timed out in backward after 2 s (protocol.timeout_s)"
    assert gone(int(store.log_path(cell.id).read_text().split()[0]))


def test_what_an_ended_child_left_running_is_ended(
    runner_of: Callable[..., Runner], store: Store, cell: Cell
) -> None:
    run_one(runner_of(FORK), cell)
    assert gone(int(store.log_path(cell.id).read_text()))


def test_a_child_that_ignores_the_request_is_killed(
    runner_of: Callable[..., Runner], make_cell: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vbench_mem.running.attempt.TIMEOUT_GRACE_S", 0.2)
    cell = make_cell(protocol=Protocol(timeout_s=0.4))
    script = "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    assert run_one(runner_of(script), cell).status is Status.TIMEOUT


def test_ctrl_c_ends_the_child_and_keeps_what_is_done(
    runner_of: Callable[..., Runner],
    store: Store,
    cell: Cell,
    make_cell: Maker,
    make_record: MakeRecord,
) -> None:
    second = make_cell(frames=8)
    text = make_record(cell).model_dump_json()
    script = (
        f"if {cell.id!r} in cell: open(result, 'w').write({text!r})\n"
        "else: print(os.getpid(), flush=True); time.sleep(600)"
    )
    log = store.log_path(second.id)

    def press() -> None:
        while not (log.exists() and log.read_text().strip()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        runner_of(script).run(plan_of(cell, second))
    assert list(store.records()) == [cell.id]
    assert gone(int(log.read_text()))
