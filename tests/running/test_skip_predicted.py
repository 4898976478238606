"""How predictions change a plan, and the records of cells that are skipped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.predictions import GIB, predicted
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Unpredicted
from vbench_mem.running.attempt import Attempts
from vbench_mem.running.memory_limit import MemoryLimit, PredictedOom
from vbench_mem.running.plan import RunPlan, in_order
from vbench_mem.running.record import Record, Status, write_record
from vbench_mem.running.runner import Runner
from vbench_mem.running.skip_predicted import (
    keep_predicted_oom,
    skip_predicted_oom,
    small_groups_first,
    to_predict,
)
from vbench_mem.running.store import Store, read_record

Maker = Callable[..., Cell]
MakeRecord = Callable[..., Record]
ROOM = MemoryLimit(sure_bytes=10 * GIB, most_bytes=10 * GIB, of="a card", where="device")
REASON = (
    "predicted to need 95.00 GiB, more than the 10.00 GiB of a card; "
    "set try_predicted: true to run it anyway"
)


def plan_of(*cells: Cell) -> RunPlan:
    return RunPlan(tuple(cells), {}, {})


def test_groups_with_small_peaks_come_first_and_keep_their_own_order(make_cell: Maker) -> None:
    large = [make_cell(frames=frames) for frames in (8, 4)]
    small = [make_cell(recipe="mask75", frames=frames) for frames in (8, 4)]
    unknown = [make_cell(recipe="last4", frames=4)]
    outcomes = {large[0].id: predicted(9), large[1].id: predicted(1)}
    outcomes |= {small[0].id: predicted(3), small[1].id: predicted(2)}
    with_unknown = outcomes | {unknown[0].id: Unpredicted(reason="compiled")}
    written = tuple(in_order([*unknown, *large, *small]))
    assert written[0] == unknown[0]
    found = small_groups_first(written, with_unknown)
    assert found == [small[1], small[0], large[1], large[0], *unknown]
    assert small_groups_first(written, {}) == list(written)


def test_only_what_is_predicted_to_be_too_large_is_skipped(make_cell: Maker) -> None:
    fits, tight, large, unknown, blind = (make_cell(frames=frames) for frames in (4, 6, 8, 10, 12))
    outcomes = {
        fits.id: predicted(10 * GIB),
        tight.id: predicted(9 * GIB, process_bytes=11 * GIB),
        large.id: predicted(95 * GIB),
        unknown.id: Unpredicted(reason="compiled"),
        blind.id: predicted(95 * GIB),
    }
    plan = plan_of(fits, tight, large, unknown, blind)
    found = skip_predicted_oom(plan, outcomes, lambda cell: None if cell == blind else ROOM, {})
    assert found.predicted_oom == {large.id: PredictedOom(outcomes[large.id], ROOM)}
    assert found.predicted_oom[large.id].reason == REASON
    assert found.todo == [fits, tight, unknown, blind]
    assert skip_predicted_oom(plan, outcomes, lambda _: ROOM, {}, try_predicted=True).todo == list(
        plan.cells
    )


def test_a_cell_that_has_fitted_is_measured_and_one_that_has_not_keeps_its_record(
    make_cell: Maker, make_record: MakeRecord
) -> None:
    fitted, failed, broken = (make_cell(frames=frames) for frames in (4, 6, 8))
    statuses = {fitted: Status.OK, failed: Status.OOM, broken: Status.ERROR}
    records = {cell.id: make_record(cell, status=status) for cell, status in statuses.items()}
    outcomes = {cell.id: predicted(95 * GIB) for cell in statuses}
    found = skip_predicted_oom(plan_of(*statuses), outcomes, lambda _: ROOM, records)
    assert found.todo == [fitted]
    assert found.kept == {failed.id: records[failed.id]}
    assert list(found.predicted_oom) == [broken.id]


def test_only_what_is_to_be_measured_and_has_a_device_is_predicted(
    make_cell: Maker, make_record: MakeRecord
) -> None:
    kept, ruled, wanted, nowhere = (make_cell(frames=frames) for frames in (4, 6, 8, 10))
    plan = RunPlan((kept, ruled, wanted, nowhere), {kept.id: make_record(kept)}, {ruled.id: "rule"})
    found = to_predict(plan, lambda cell: None if cell == nowhere else "cpu")
    assert found == {wanted.id: (wanted, "cpu")}


class Silent:
    def started(self, cell: Cell) -> None:
        raise AssertionError("nothing may be started")

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        """Nothing to see."""


@pytest.fixture
def skipped_as_oom(tmp_path: Path, environment: Environment, cell: Cell) -> Record:
    """The record that a runner writes of a cell that cannot fit, as it is read from disk."""
    store = Store(tmp_path / environment.fingerprint)
    store.prepare("about: x\n", environment)
    attempts = Attempts(store, None, lambda _: environment)  # type: ignore[arg-type]
    plan = replace(plan_of(cell), predicted_oom={cell.id: PredictedOom(predicted(95 * GIB), ROOM)})
    record = Runner(attempts, Silent()).run(plan)[cell.id]
    read = read_record(store.record_path(cell.id), environment.fingerprint)
    assert read.model_dump(mode="json") == record.model_dump(mode="json")
    return read


def test_a_skipped_cell_has_a_record_with_the_prediction_and_the_limit(
    skipped_as_oom: Record,
) -> None:
    assert (skipped_as_oom.status, skipped_as_oom.reason) == (Status.SKIPPED, REASON)
    assert skipped_as_oom.predicted_bytes == 95 * GIB
    assert skipped_as_oom.failure is not None
    assert (skipped_as_oom.failure.where, skipped_as_oom.failure.phase) == ("device", "backward")
    assert skipped_as_oom.failure.bytes_limit == 10 * GIB
    assert skipped_as_oom.metrics["predicted_peak_bytes"] == 95 * GIB
    nulls = {name for name, value in skipped_as_oom.metrics.items() if value is None}
    assert nulls == skipped_as_oom.missing.keys() and "predicted_optimizer_peak_bytes" in nulls
    assert skipped_as_oom.pruned_by is None and skipped_as_oom.wall_s is None


CODE = {"vbench_mem": "1.0", "torch": "2.11"}


@pytest.mark.parametrize(
    ("then", "now", "packages", "memory_limit", "remembered"),
    [
        ({"git_revision": "a"}, {"git_revision": "a"}, CODE, ROOM, True),
        ({}, {}, CODE, ROOM, True),
        ({"git_revision": "a"}, {"git_revision": "b"}, CODE, ROOM, False),
        ({"git_revision": "a"}, {"git_revision": "a", "git_dirty": True}, CODE, ROOM, False),
        ({}, {}, CODE | {"torch": "2.12"}, ROOM, False),
        ({}, {}, CODE, replace(ROOM, most_bytes=95 * GIB), False),
        ({}, {}, CODE, None, False),
    ],
)
def test_a_cell_stays_skipped_while_neither_the_code_nor_the_memory_changes(
    cell: Cell,
    skipped_as_oom: Record,
    then: dict[str, str | bool],
    now: dict[str, str | bool],
    packages: dict[str, str],
    memory_limit: MemoryLimit | None,
    remembered: bool,
) -> None:
    blank = Environment(fingerprint="0123abcd", device="a small machine", packages=CODE)
    old = skipped_as_oom.model_copy(
        update={"environment": blank.model_copy(update={"facts": then})}
    )
    here = blank.model_copy(update={"facts": now, "packages": packages})
    found = keep_predicted_oom(
        plan_of(cell), lambda _: memory_limit, lambda _: here, {cell.id: old}
    )
    assert found.kept == ({cell.id: old} if remembered else {})


def test_records_from_before_predictions_are_still_read(
    tmp_path: Path, cell: Cell, make_record: MakeRecord, environment: Environment
) -> None:
    path = tmp_path / f"{cell.id}.json"
    write_record(make_record(cell), path)
    old = path.read_text().replace(' "predicted_bytes": null,\n', "")
    assert "predicted_bytes" not in old
    path.write_text(old)
    assert read_record(path, environment.fingerprint) == make_record(cell)
