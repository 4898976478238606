"""Children that misbehave in every way: each leaves a record, and nothing is left running."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from vbench_mem.cell import Cell, Protocol
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.record import Record, Status
from vbench_mem.running.launch import SpawnLauncher
from vbench_mem.running.plan import Plan, in_order, make_plan
from vbench_mem.running.runner import Runner
from vbench_mem.store import Store

Maker = Callable[..., Cell]
MakeRecord = Callable[..., Record]
AtLoad = Callable[[Cell, int, int], Cell]


@dataclass
class Seen:
    """Remembers what it is told."""

    begun: list[str] = field(default_factory=list)
    ended: list[tuple[str, Status]] = field(default_factory=list)

    def started(self, cell: Cell) -> None:
        self.begun.append(cell.id)

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        self.ended.append((cell.id, record.status))


@pytest.fixture
def store(tmp_path: Path, environment: Environment) -> Store:
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("about: x\n", environment)
    return store


@pytest.fixture
def runner_of(store: Store, environment: Environment) -> Callable[..., Runner]:
    """A runner whose child is a few lines of Python with `cell, result, phases` as paths."""

    def make(script: str, **more: object) -> Runner:
        head = "import sys, os, signal, time\ncell, result, _, phases, *_ = sys.argv[1:]\n"
        launcher = SpawnLauncher([sys.executable, "-c", head + script])
        values: dict[str, object] = {"watch": Seen()} | more
        return Runner(store, launcher, lambda _: environment, **values)

    return make


def plan_of(*cells: Cell) -> Plan:
    return Plan(tuple(cells), {}, {})


def run_one(runner: Runner, cell: Cell) -> Record:
    """Run it; what is returned is what is on disk."""
    record = runner.run(plan_of(cell))[cell.id]
    assert runner.store.records()[cell.id] == record
    assert record.wall_s is not None and record.environment is not None
    return record


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


def test_half_a_record_is_not_trusted(
    runner_of: Callable[..., Runner], store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    half = make_record(cell).model_dump_json()[:300]
    record = run_one(runner_of(f"open(result, 'w').write({half!r})"), cell)
    assert record.status is Status.ERROR and "torn" in str(record.reason)
    (aside,) = store.result_path(cell.id).parent.glob("*.torn-1")
    assert aside.read_text() == half


def test_a_record_of_another_cell_is_not_trusted(
    runner_of: Callable[..., Runner], cell: Cell, make_cell: Maker, make_record: MakeRecord
) -> None:
    text = make_record(make_cell(frames=8)).model_dump_json()
    record = run_one(runner_of(f"open(result, 'w').write({text!r})"), cell)
    assert record.status is Status.ERROR and "foreign" in str(record.reason)


def test_a_crash_after_the_record_is_told_and_the_numbers_stand(
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
    assert record.reason == "no end after 2 s (protocol.timeout_s), in backward"
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


CUDA = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.10 GiB. GPU 0 has a total "
    "capacity of 15.77 GiB of which 1.20 GiB is free."
)
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
    assert (record.failure.where, record.failure.bytes_asked) == (where, asked)


def test_smaller_cells_come_first_and_variants_stay_together(
    make_cell: Maker, with_frames: AtLoad
) -> None:
    one, two = make_cell(), make_cell("frame_mean_test")
    loads = [(8, 4), (8, 2), (4, 4)]
    cells = [with_frames(cell, *load) for load in loads for cell in (one, two)]
    ordered = [(cell.encoder, cell.load.frames, cell.load.batch) for cell in in_order(cells)]
    assert ordered == [
        (encoder, *load)
        for encoder in ("joint_test", "frame_mean_test")
        for load in [(4, 4), (8, 2), (8, 4)]
    ]


OOM_AT_8_2 = f"""
import json
load = json.load(open(cell))['load']
sys.exit(print({CUDA!r}) or 1) if (load['frames'], load['batch']) == (8, 2) else None
"""


@pytest.mark.parametrize("prune", [True, False])
def test_what_must_run_out_of_memory_is_spared_unless_switched_off(
    runner_of: Callable[..., Runner], make_cell: Maker, with_frames: AtLoad, prune: bool
) -> None:
    one, other = make_cell(), make_cell(recipe="mask75")
    loads = [(4, 2), (4, 4), (8, 2), (8, 4), (16, 1), (16, 2)]
    cells = [with_frames(one, *load) for load in loads] + [with_frames(other, 16, 4)]
    runner = runner_of(OOM_AT_8_2, prune_oom=prune)
    records = runner.run(plan_of(*cells))
    oom = with_frames(one, 8, 2)
    pruned = [
        (record.cell.load.frames, record.cell.load.batch)
        for record in records.values()
        if record.pruned_by == oom.id and record.status is Status.SKIPPED
    ]
    assert records[oom.id].status is Status.OOM
    assert pruned == ([(8, 4), (16, 2)] if prune else [])
    assert len(runner.store.records()) == len(cells)


@pytest.fixture
def matrix(write_matrix: Callable[..., Path]) -> Matrix:
    return load_matrix(write_matrix())


def test_resume_takes_ok_records_only(matrix: Matrix, make_record: MakeRecord) -> None:
    cells = matrix.cells
    statuses = [Status.OK, Status.OOM, Status.TIMEOUT, Status.ERROR, Status.KILLED, Status.SKIPPED]
    records = {
        cell.id: make_record(cell, status=status)
        for cell, status in zip(cells, statuses, strict=False)
    }
    assert list(make_plan(matrix, records).kept) == [cells[0].id]
    assert len(make_plan(matrix, records).todo) == len(cells) - 1
    assert make_plan(matrix, records, again=True).kept == {}


def test_a_rule_skips_without_a_child_and_stays_skipped(
    runner_of: Callable[..., Runner], matrix: Matrix
) -> None:
    first = matrix.cells[0]
    ruled = replace(matrix, skipped={first.id: "no need"})
    runner = runner_of("sys.exit(1)")
    record = runner.run(make_plan(ruled, {}, only=first.id))[first.id]
    assert (record.status, record.reason) == (Status.SKIPPED, "no need")
    assert isinstance(runner.watch, Seen) and runner.watch.begun == []
    assert make_plan(ruled, runner.store.records(), only=first.id).todo == []


def test_only_takes_cells_by_label_or_id(matrix: Matrix) -> None:
    assert {cell.recipe_name for cell in make_plan(matrix, {}, only="mask75").cells} == {"mask75"}
    (cell,) = make_plan(matrix, {}, only=matrix.cells[3].id[:9]).cells
    assert cell == matrix.cells[3]


def test_a_new_skip_rule_leaves_what_was_measured_alone(
    store: Store, runner_of: Callable[..., Runner], cell: Cell, make_record: MakeRecord
) -> None:
    store.write(make_record(cell))
    before = store.record_path(cell.id).read_text()
    records = runner_of("").run(Plan((cell,), {}, {cell.id: "too slow"}))
    assert records[cell.id].status is Status.SKIPPED
    assert store.record_path(cell.id).read_text() == before
