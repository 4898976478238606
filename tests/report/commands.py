"""The commands of reports as they are typed, and stores of hand-made records for them."""

from pathlib import Path

from typer.testing import CliRunner, Result

from tests.rows import MACHINE
from vbench_mem.cli import app
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record
from vbench_mem.running.store import Store
from vbench_mem.running.target import Site

LIMIT = "budgets: [{metric: peak_alloc_bytes, max: 4 GiB}]\n"


def invoke(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(item) for item in arguments])


def own_store(root: Path, matrix: Matrix) -> Store:
    return Site.of(matrix.cells).store(root, matrix.name)


def keep(store: Store, matrix: Matrix, *records: Record) -> None:
    machine = MACHINE.model_copy(update={"fingerprint": store.fingerprint})
    store.prepare(matrix.text, machine)
    for record in records:
        store.write(record.model_copy(update={"environment": machine}))
