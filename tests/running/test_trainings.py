"""Trainings in their order: shared stages once, failures reported, nothing trained twice."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.rows import MACHINE, matrix_of
from tests.running.children import SpawnLauncher
from vbench_mem.accuracy.training.trained import beside
from vbench_mem.matrix.accuracy import Accuracy
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.lineage import parent
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.attempt import Attempts
from vbench_mem.running.record import Record, Status
from vbench_mem.running.store import Store
from vbench_mem.running.trainings import TrainingPlan, Trainings, plan_trainings

TEXT = """
about: what does it retrieve?
axes: {variant: [joint_test, frame_mean_test, joint_test+mask75], frames: 4, batch: 2, device: cpu}
accuracy:
  train: [spatial]
  timeout_s: 30
  stages:
    - {name: image, frames: 1, steps: 6, batch: 8}
    - {name: video, steps: 4, batch: 4}
"""
# A child that needs the weights of the stage before it, leaves its own, and says what it did.
CHILD = """
import json, pathlib, sys, time
cell, result, environment, phases, checkpoints = map(pathlib.Path, sys.argv[1:])
data = json.loads(cell.read_text())
name = data["training"]["stages"][-1]["name"]
(checkpoints / f"{cell.stem}.safetensors").write_text("weights")
record = {"schema_version": 1, "cell_id": cell.stem, "cell": data, "status": "ok",
          "environment": json.loads(environment.read_text())}
"""
HASHED = """
import hashlib
record["details"] = {"checkpoint": {"sha256": hashlib.sha256(b"weights").hexdigest()}}
"""
WRITE = "result.write_text(json.dumps(record))\n"


@dataclass
class Seen:
    """The calls in order, and how many ran at once."""

    begun: list[str] = field(default_factory=list)
    ended: list[tuple[str, Status, bool]] = field(default_factory=list)
    at_work: int = 0
    most: int = 0

    def started(self, cell: Cell) -> None:
        self.begun.append(cell.id)
        self.at_work += 1
        self.most = max(self.most, self.at_work)

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        self.ended.append((cell.id, record.status, is_new))
        self.at_work -= is_new and cell.id in self.begun


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return matrix_of(tmp_path, TEXT)


@pytest.fixture
def accuracy(matrix: Matrix) -> Accuracy:
    assert matrix.accuracy is not None
    return matrix.accuracy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / MACHINE.fingerprint)
    store.prepare("about: x\n", MACHINE)
    return store


Run = Callable[..., tuple[dict[str, Record], Seen, TrainingPlan]]


@pytest.fixture
def run(matrix: Matrix, store: Store) -> Run:
    def go(
        script: str = CHILD + WRITE, at_once: int = 1, again: bool = False
    ) -> tuple[dict[str, Record], Seen, TrainingPlan]:
        launcher = SpawnLauncher([sys.executable, "-S", "-c", script])
        attempts, seen = Attempts(store, launcher, lambda _: MACHINE), Seen()
        plan = plan_trainings(matrix, store.records(), store, again=again)
        records = Trainings(attempts, seen, at_once).run(plan)
        assert seen.at_work == 0
        return records, seen, plan

    return go


def test_a_shared_stage_is_trained_once_and_before_all_that_goes_on_from_it(
    run: Run, accuracy: Accuracy, store: Store
) -> None:
    records, seen, _ = run()
    assert seen.begun == [cell.id for cell in accuracy.all]
    assert len(accuracy.stages) == 1 and len(accuracy.cells) == 3
    assert {record.status for record in records.values()} == {Status.OK}
    assert store.records().keys() == records.keys()


def test_what_is_done_is_trained_again_only_with_again(run: Run, accuracy: Accuracy) -> None:
    run()
    records, seen, plan = run()
    assert seen.begun == [] and plan.todo == []
    assert records.keys() == {cell.id for cell in accuracy.cells}  # no stage is even looked at
    _, seen, _ = run(again=True)
    assert seen.begun == [cell.id for cell in accuracy.all]


def test_a_last_stage_continues_from_the_weights_that_exist(
    run: Run, accuracy: Accuracy, store: Store
) -> None:
    run()
    store.record_path(accuracy.cells[1].id).unlink()
    assert run()[1].begun == [accuracy.cells[1].id]


def test_missing_weights_are_trained_again_if_a_stage_continues_them(
    run: Run, accuracy: Accuracy, store: Store
) -> None:
    run()
    store.checkpoint_path(accuracy.stages[0].id).unlink()
    assert run()[1].begun == []
    store.record_path(accuracy.cells[1].id).unlink()
    assert run()[1].begun == [accuracy.stages[0].id, accuracy.cells[1].id]


def test_torn_weights_are_trained_again_where_something_goes_on_from_them(
    run: Run, accuracy: Accuracy, store: Store
) -> None:
    run(CHILD + HASHED + WRITE)
    store.record_path(accuracy.cells[1].id).unlink()
    store.checkpoint_path(accuracy.stages[0].id).write_text("wei", encoding="utf-8")
    again = run(CHILD + HASHED + WRITE)[1]
    assert again.begun == [accuracy.stages[0].id, accuracy.cells[1].id]
    store.record_path(accuracy.cells[1].id).unlink()
    assert run(CHILD + HASHED + WRITE)[1].begun == [accuracy.cells[1].id]


def test_again_trains_from_the_first_step_and_a_second_run_goes_on(
    run: Run, accuracy: Accuracy, store: Store
) -> None:
    run()
    skipped_as_oom = [
        beside(store.checkpoint_path(cell.id), "trained.json") for cell in accuracy.all
    ]
    snapshot = beside(store.checkpoint_path(accuracy.cells[0].id), "snapshot")
    for path in (*skipped_as_oom, snapshot):
        path.write_text("{}", encoding="utf-8")
    run()
    assert snapshot.exists() and all(path.exists() for path in skipped_as_oom)
    run(again=True)
    assert not snapshot.exists() and not any(path.exists() for path in skipped_as_oom)


def test_stages_after_a_failed_one_are_skipped_with_the_reason(
    run: Run, accuracy: Accuracy
) -> None:
    records, seen, _ = run("raise SystemExit(3)")
    stage, *rest = accuracy.all
    assert seen.begun == [stage.id]
    assert records[stage.id].status is Status.ERROR
    assert {records[cell.id].status for cell in rest} == {Status.SKIPPED}
    reason = records[rest[0].id].reason
    assert reason is not None and reason.startswith("stage image ended as error: exited with 3")
    _, seen, _ = run()  # nothing of it is taken for done
    assert seen.begun == [cell.id for cell in accuracy.all]


def test_one_that_fails_leaves_the_others_alone(run: Run, accuracy: Accuracy) -> None:
    bad = accuracy.cells[1].id
    records, _, _ = run(CHILD + f"\nif cell.stem != {bad!r}: {WRITE}")
    assert [cell.id for cell in accuracy.all if records[cell.id].status is not Status.OK] == [bad]


def test_as_many_run_at_once_as_there_is_room_for(run: Run) -> None:
    wait = "\ntime.sleep(0.3)\n"
    assert run(CHILD + wait + WRITE, at_once=2)[1].most == 2
    assert run(CHILD + WRITE, at_once=1, again=True)[1].most == 1


def test_ctrl_c_ends_every_child_and_keeps_what_is_done(
    matrix: Matrix, store: Store, accuracy: Accuracy
) -> None:
    stay = "\nif name == 'video': time.sleep(60)\n"
    launcher = SpawnLauncher([sys.executable, "-S", "-c", CHILD + stay + WRITE])
    attempts = Attempts(store, launcher, lambda _: MACHINE)

    class Impatient(Seen):
        def started(self, cell: Cell) -> None:
            super().started(cell)
            if len(self.begun) == 3:
                raise KeyboardInterrupt

    trainings = Trainings(attempts, Impatient(), 2)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        trainings.run(plan_trainings(matrix, {}, store))
    assert time.monotonic() - begun < 30  # nobody waited for a child's minute
    assert trainings.running and all(each.child.wait(0) for each in trainings.running)
    assert store.records().keys() == {accuracy.stages[0].id}


def test_a_training_comes_after_all_that_it_goes_on_from(matrix: Matrix, store: Store) -> None:
    plan = plan_trainings(matrix, {}, store)
    places = {cell.id: number for number, cell in enumerate(plan.cells)}
    for cell in plan.cells:
        above = parent(cell)
        assert above is None or places[above.id] < places[cell.id]
