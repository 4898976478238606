"""Children that misbehave in every way: each leaves a record."""

import signal
from collections.abc import Callable

import pytest

from tests.running.children import CUDA, Maker, MakeRecord, run_one
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Status
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store


def test_a_good_child_leaves_its_own_record(
    runner_of: Callable[..., Runner], store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    text = make_record(cell, details={"by": "child"}).model_dump_json()
    record = run_one(runner_of(f"open(result, 'w').write({text!r}); print('hello')"), cell)
    assert (record.status, record.details) == (Status.OK, {"by": "child"})
    assert store.log_path(cell.id).read_text() == "hello\n"
    assert not store.result_path(cell.id).exists()


def test_an_exit_code_is_an_error_with_the_log(
    runner_of: Callable[..., Runner], cell: Cell
) -> None:
    record = run_one(runner_of("print('rubbish', file=sys.stderr); sys.exit(3)"), cell)
    assert record.status is Status.ERROR and record.failure is not None
    assert record.failure.exit_code == 3
    assert record.failure.traceback == "rubbish"
    assert "exited with 3" in str(record.reason)


def test_no_record_at_exit_0_is_an_error(runner_of: Callable[..., Runner], cell: Cell) -> None:
    record = run_one(runner_of("print('all is well')"), cell)
    assert record.status is Status.ERROR
    assert "exited with 0 in start and left no record" in str(record.reason)


def test_a_traceback_is_kept(runner_of: Callable[..., Runner], cell: Cell) -> None:
    record = run_one(runner_of("raise ValueError('broken')"), cell)
    assert record.failure is not None
    assert "ValueError: broken" in str(record.failure.traceback)


def test_half_a_record_is_not_used(
    runner_of: Callable[..., Runner], store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    half = make_record(cell).model_dump_json()[:300]
    record = run_one(runner_of(f"open(result, 'w').write({half!r})"), cell)
    assert record.status is Status.ERROR and "torn" in str(record.reason)
    (aside,) = store.result_path(cell.id).parent.glob("*.torn-1")
    assert aside.read_text() == half


def test_a_record_of_another_cell_is_not_used(
    runner_of: Callable[..., Runner], cell: Cell, make_cell: Maker, make_record: MakeRecord
) -> None:
    text = make_record(make_cell(frames=8)).model_dump_json()
    record = run_one(runner_of(f"open(result, 'w').write({text!r})"), cell)
    assert record.status is Status.ERROR and "record of another cell" in str(record.reason)


def test_a_crash_after_the_record_is_noted_and_the_numbers_stay(
    runner_of: Callable[..., Runner], cell: Cell, make_record: MakeRecord
) -> None:
    text = make_record(cell).model_dump_json()
    record = run_one(runner_of(f"open(result, 'w').write({text!r}); os.abort()"), cell)
    assert record.status is Status.OK
    assert record.details["exit_code_after_record"] == -signal.SIGABRT


def test_a_killed_child_leaves_a_record_with_its_last_phase(
    runner_of: Callable[..., Runner], cell: Cell
) -> None:
    script = "open(phases, 'a').write('build\\nforward\\n'); os.kill(os.getpid(), signal.SIGKILL)"
    record = run_one(runner_of(script), cell)
    assert record.status is Status.KILLED and record.failure is not None
    assert (record.failure.signal, record.failure.phase) == (signal.SIGKILL, "forward")
    assert record.reason == "killed by SIGKILL in forward"


def test_a_kill_by_the_kernels_memory_killer_is_out_of_memory(
    runner_of: Callable[..., Runner], cell: Cell
) -> None:
    counts = iter([{"machine": 4, "control group": 1}, {"machine": 5, "control group": 1}])
    script = "os.kill(os.getpid(), signal.SIGKILL)"
    record = run_one(runner_of(script, kills=lambda: next(counts)), cell)
    assert record.status is Status.OOM and record.failure is not None
    assert (record.failure.where, record.failure.signal) == ("host", signal.SIGKILL)


def test_a_segfault_is_killed_whatever_the_kernel_counts(
    runner_of: Callable[..., Runner], cell: Cell
) -> None:
    counts = iter([{"machine": 4}, {"machine": 5}])
    script = "os.kill(os.getpid(), signal.SIGSEGV)"
    record = run_one(runner_of(script, kills=lambda: next(counts)), cell)
    assert record.status is Status.KILLED and "SIGSEGV" in str(record.reason)


CPU = (
    "RuntimeError: [enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't "
    "allocate memory: you tried to allocate 123456 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    ("message", "where", "asked"),
    [
        (CUDA, "device", round(3.10 * 2**30)),
        (CPU, "host", 123456),
        ("terminate called after throwing std::bad_alloc", "host", None),
    ],
)
def test_a_lack_of_memory_is_read_from_a_dead_childs_log(
    runner_of: Callable[..., Runner], cell: Cell, message: str, where: str, asked: int | None
) -> None:
    record = run_one(runner_of(f"print({message!r}); sys.exit(1)"), cell)
    assert record.status is Status.OOM and record.failure is not None
    assert (record.failure.where, record.failure.bytes_requested) == (where, asked)
