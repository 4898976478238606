"""`run` measures a matrix; `show` prints the state of its cells, or one record in full."""

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbench_mem.base.errors import UsageError
from vbench_mem.cli.arguments import RUNS, Json, Matrix, Only, StoreFolder, command, find_matrix

NOT_RUN = "not run yet"

if TYPE_CHECKING:
    from vbench_mem.matrix import load as matrices
    from vbench_mem.running.plan import RunPlan
    from vbench_mem.running.record import Record
    from vbench_mem.running.store import Store
    from vbench_mem.running.target import ExecutionTarget


def run(
    matrix: Matrix,
    store: StoreFolder = RUNS,
    only: Only = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Also measure cells that have a record; cells that cannot fit stay skipped.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure the cells of MATRIX that have no ok record yet, each in a fresh process.

    Out of memory, a timeout or a crash is a result with a reason: the run continues and exits with
    0. Ctrl-C keeps the results so far; the same command continues from there.

    \b
    vbench-mem run matrices/quick.yaml
    vbench-mem run quick --only mask75
    vbench-mem run quick --again --json > summary.json
    """
    from vbench_mem.running.launch import ForkServerLauncher
    from vbench_mem.running.store import find_stores

    path = find_matrix(matrix)
    # a first run has work to do: let the server import torch while this reads the matrix
    launcher = ForkServerLauncher() if not find_stores(store, path.stem) else None

    from vbench_mem.cli.progress import Bars, Lines
    from vbench_mem.cli.trainings import train
    from vbench_mem.machine.host import host_bytes
    from vbench_mem.machine.lock import one_run_per_machine
    from vbench_mem.matrix import load as matrices
    from vbench_mem.running.attempt import Attempts
    from vbench_mem.running.plan import make_plan
    from vbench_mem.running.runner import Runner
    from vbench_mem.running.skip_predicted import keep_predicted_oom
    from vbench_mem.running.target import ExecutionTarget, Site
    from vbench_mem.running.trainings import plan_trainings

    loaded = matrices.load_matrix(path)
    site = Site.of(loaded.cells)
    folder = site.store(store, loaded.name)
    make_plan(loaded, folder.records(), only, again)  # refuses mistakes before anything is written
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stopped CI job ends its child
    with one_run_per_machine(), folder.alone():
        target, records = ExecutionTarget(site, None, host_bytes()), folder.records()
        plan = make_plan(loaded, records, only, again)
        if not (again or loaded.try_predicted):
            plan = keep_predicted_oom(plan, target.memory_limit, target.environment, records)
        folder.prepare(loaded.text, site.main)
        trainings = plan_trainings(loaded, records, folder, only, again)
        for problem in folder.set_aside_bad({cell.id for cell in (*plan.cells, *trainings.cells)}):
            print(problem, file=sys.stderr)
        launcher = launcher or ForkServerLauncher(start_now=bool(plan.todo or trainings.todo))
        final = skip_predicted(plan, loaded, target, records)
        progress = Bars if sys.stderr.isatty() else Lines
        with progress(loaded, final.todo, list(final.kept.values())) as watch:
            attempts = Attempts(folder, launcher, site.environment)
            ended = Runner(attempts, watch, loaded.prune_oom).run(final)
        trained = train(loaded, trainings, attempts)
    summarise(loaded, folder, [ended[cell.id] for cell in plan.cells], trained, as_json)


def skip_predicted(
    plan: "RunPlan",
    matrix: "matrices.Matrix",
    target: "ExecutionTarget",
    records: "dict[str, Record]",
) -> "RunPlan":
    """The plan without cells that are predicted not to fit; prints those that it skips."""
    from vbench_mem.cli.predicting import predict_shown
    from vbench_mem.running.skip_predicted import skip_predicted_oom, to_predict

    outcomes = predict_shown(to_predict(plan, target.hardware_here))
    final = skip_predicted_oom(plan, outcomes, target.memory_limit, records, matrix.try_predicted)
    for cell in final.cells:
        if cell.id in final.predicted_oom:
            reason = final.predicted_oom[cell.id].reason
            print(f"skipped {matrix.label(cell)}, {reason}", file=sys.stderr)
        elif cell.id in final.kept and cell.id not in plan.kept:
            reason = f"{final.kept[cell.id].reason}, and predicted not to fit"
            print(f"not run again {matrix.label(cell)}, {reason}", file=sys.stderr)
    return final


def summarise(
    matrix: "matrices.Matrix",
    store: "Store",
    records: "list[Record]",
    trained: "dict[str, Record]",
    as_json: bool,
) -> None:
    """Print the tables, or the same as JSON."""
    from vbench_mem.cli.tables import draw_records, json_of
    from vbench_mem.cli.trainings import draw_trainings

    if as_json:
        cells = [json_of(matrix, each.cell, each) for each in (*records, *trained.values())]
        summary: dict[str, Any] = {"matrix": matrix.name, "store": str(store.folder)}
        print(json.dumps(summary | {"cells": cells, "dropped": list(matrix.dropped)}, indent=1))
        return
    draw_records(matrix, {record.cell_id: record for record in records}, str(store.folder))
    draw_trainings(matrix, trained, [record.cell for record in trained.values()])


def show(
    matrix: Matrix,
    cell: Annotated[
        str | None, typer.Argument(metavar="CELL", help="First digits of a cell's id.")
    ] = None,
    store: StoreFolder = RUNS,
    as_json: Json = False,
) -> None:
    """Show the state of every cell of MATRIX, or one record in full.

    \b
    vbench-mem show quick
    vbench-mem show quick 9d3e
    """
    from vbench_mem.cli.tables import draw_record, draw_records
    from vbench_mem.cli.trainings import draw_trainings
    from vbench_mem.matrix.load import load_matrix
    from vbench_mem.running.store import Store, find_stores

    loaded = load_matrix(find_matrix(matrix))
    folders = find_stores(store, loaded.name) or [Store(store / loaded.name / NOT_RUN)]
    if cell is not None:
        found = find_records(loaded, folders, cell, matrix, store)
        if as_json:
            print(json.dumps([record.model_dump(mode="json") for record in found], indent=1))
            return
        for record in found:
            draw_record(record)
        return
    if as_json:
        print(json.dumps([json_of_store(loaded, each) for each in folders], indent=1))
        return
    for each in folders:
        records = each.records()
        draw_records(loaded, records, str(each.folder), loaded.cells)
        draw_trainings(loaded, records)
        for problem in each.problems():
            print(problem)


def json_of_store(matrix: "matrices.Matrix", store: "Store") -> dict[str, Any]:
    """The state of every cell of the matrix in one machine's folder."""
    from vbench_mem.cli.tables import json_of

    records = store.records()
    return {
        "store": None if store.fingerprint == NOT_RUN else str(store.folder),
        "cells": [json_of(matrix, cell, records.get(cell.id)) for cell in matrix.everything],
        "problems": store.problems(),
        "dropped": list(matrix.dropped),
    }


def find_records(
    matrix: "matrices.Matrix", stores: "list[Store]", prefix: str, typed: str, root: Path
) -> "list[Record]":
    """The cell's record on every machine that ran it; raises `UsageError` unless exactly one cell
    has this prefix. `typed` is the matrix as the user wrote it."""
    ids = [cell.id for cell in matrix.everything if cell.id.startswith(prefix)]
    if len(ids) != 1:
        count = f"{len(ids)} cells have" if ids else "no cell has"
        raise UsageError(
            f"{matrix.name}: {count} an id that begins with {prefix}; "
            f"`{command('show', typed, root)}` lists them"
        )
    found = [store.records() for store in stores]
    records = [records[ids[0]] for records in found if ids[0] in records]
    if not records:
        raise UsageError(
            f"{ids[0]}: not measured yet; measure with `{command('run', typed, root)}`"
        )
    return records
