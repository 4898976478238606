"""What is run, in which order, and what is skipped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.running.children import CUDA, AtLoad, Maker, MakeRecord, Seen, plan_of
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.running.plan import RunPlan, in_order, make_plan
from vbench_mem.running.record import Status
from vbench_mem.running.runner import Runner
from vbench_mem.running.store import Store


def test_smaller_cells_come_first_and_variants_stay_together(
    make_cell: Maker, with_frames: AtLoad
) -> None:
    one, two = make_cell(), make_cell(recipe="mask75")
    loads = [(8, 4), (8, 2), (4, 4)]
    cells = [with_frames(cell, *load) for load in loads for cell in (one, two)]
    ordered = [(cell.variant, cell.load.frames, cell.load.batch) for cell in in_order(cells)]
    assert ordered == [
        (cell.variant, *load) for cell in (one, two) for load in [(4, 4), (8, 2), (8, 4)]
    ]


OOM_AT_8_2 = f"""
import json
load = json.load(open(cell))['load']
sys.exit(print({CUDA!r}) or 1) if (load['frames'], load['batch']) == (8, 2) else None
"""


@pytest.mark.parametrize("prune", [True, False])
def test_what_must_run_out_of_memory_is_skipped_unless_switched_off(
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
    assert len(runner.attempts.store.records()) == len(cells)


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
    assert make_plan(ruled, runner.attempts.store.records(), only=first.id).todo == []


def test_only_takes_cells_by_label_or_id(matrix: Matrix) -> None:
    assert {cell.recipe_name for cell in make_plan(matrix, {}, only="mask75").cells} == {"mask75"}
    (cell,) = make_plan(matrix, {}, only=matrix.cells[3].id[:9]).cells
    assert cell == matrix.cells[3]


def test_a_new_skip_rule_leaves_what_was_measured_alone(
    store: Store, runner_of: Callable[..., Runner], cell: Cell, make_record: MakeRecord
) -> None:
    store.write(make_record(cell))
    before = store.record_path(cell.id).read_text()
    records = runner_of("").run(RunPlan((cell,), {}, {cell.id: "too slow"}))
    assert records[cell.id].status is Status.SKIPPED
    assert store.record_path(cell.id).read_text() == before
