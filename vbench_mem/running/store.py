"""A folder of records of one matrix on one kind of machine. Never deletes, never trusts a file.

<root>/<matrix name>/<fingerprint>/
    records/<cell id>.json   what each cell came to
    cells/<cell id>.*        what a child was given, and the last phase it entered
    logs/<cell id>.log       what a child printed
    checkpoints/<cell id>.*  weights that a training came to, and how far one has come
    matrix.yaml              the matrix as it was
    environment.json         the machine
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vbench_mem.accuracy.training.trained import checkpoint_path
from vbench_mem.base.errors import cannot_write
from vbench_mem.base.explain import explain
from vbench_mem.base.files import write_file
from vbench_mem.machine.environment import Environment
from vbench_mem.machine.lock import hold
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import SCHEMA, Record, Status, write_record

OTHER_STORE = "choose another folder with --store"


class Unusable(Exception):
    """Why a record file cannot be used."""


@dataclass(frozen=True)
class Store:
    """The folder; nothing is made on disk before `prepare`."""

    folder: Path

    @property
    def fingerprint(self) -> str:
        return self.folder.name

    def record_path(self, cell_id: str) -> Path:
        return self.folder / "records" / f"{cell_id}.json"

    def log_path(self, cell_id: str) -> Path:
        return self.folder / "logs" / f"{cell_id}.log"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def checkpoint_path(self, cell_id: str) -> Path:
        return checkpoint_path(self.checkpoints, cell_id)

    def cell_path(self, cell_id: str) -> Path:
        return self.folder / "cells" / f"{cell_id}.json"

    def phase_path(self, cell_id: str) -> Path:
        """Lines that the child adds as it goes, so that the last phase of a killed one is known."""
        return self.folder / "cells" / f"{cell_id}.phase"

    def result_path(self, cell_id: str) -> Path:
        """Where a child writes; what is good there becomes the record."""
        return self.folder / "cells" / f"{cell_id}.result.json"

    def environment_path(self) -> Path:
        return self.folder / "environment.json"

    @contextmanager
    def writable(self) -> Iterator[None]:
        """Raises `UsageError` for what the file system refuses here."""
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error, OTHER_STORE) from error

    def make(self) -> None:
        with self.writable():
            for name in ("records", "cells", "logs", "checkpoints"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)

    def prepare(self, matrix_text: str, environment: Environment) -> None:
        """Write down what is run, and where; only while no other run has the folder."""
        self.make()
        with self.writable():
            write_file(self.folder / "matrix.yaml", matrix_text)
            write_file(self.environment_path(), environment.model_dump_json(indent=1) + "\n")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder and hold it; raises `UsageError` while another run has it."""
        self.make()
        busy = f"{self.folder}: another run is at work here; wait for its end"
        with hold(self.folder / ".lock", busy, OTHER_STORE):
            yield

    def write_cell(self, cell: Cell) -> Path:
        """What a child is given."""
        path = self.cell_path(cell.id)
        with self.writable():
            write_file(path, json.dumps(cells.dump(cell), indent=1) + "\n")
        return path

    def write(self, record: Record) -> None:
        """The cell's record from now on; a good one is only ever replaced by another good one, and
        otherwise kept beside it as `<name>.before-N`."""
        path = self.record_path(record.cell_id)
        with self.writable():
            if record.status is not Status.OK and self.status_of(path) is Status.OK:
                set_aside(path, "before")
            write_record(record, path)

    def status_of(self, path: Path) -> Status | None:
        """Of a usable record; None where there is none."""
        try:
            return read_record(path, self.machine()).status
        except Unusable:
            return None

    def files(self) -> list[Path]:
        """Record files, good and bad; those set aside and half-written ones are not among them."""
        return sorted((self.folder / "records").glob("[!.]*.json"))

    def records(self) -> dict[str, Record]:
        """Every good record by cell id."""
        found, machine = {}, self.machine()
        for path in self.files():
            try:
                found[path.stem] = read_record(path, machine)
            except Unusable:
                continue  # `problems` tells
        return found

    def problems(self) -> list[str]:
        """A sentence with the fix for every torn, foreign or old file."""
        found, machine = [], self.machine()
        for path in self.files():
            try:
                read_record(path, machine)
            except Unusable as why:
                found.append(f"{path}: {why}; run the matrix again")
        return found

    def machine(self) -> str:
        """The fingerprint that the folder was made for: as its environment file says, else its
        name."""
        try:
            text = self.environment_path().read_text(encoding="utf-8")
            return Environment.model_validate_json(text).fingerprint
        except (OSError, ValueError):
            return self.fingerprint

    def set_aside_bad(self, wanted: set[str]) -> list[str]:
        """Rename the unusable files of these cells, so that they are measured again; a sentence
        for each. Nothing is lost: `<name>.torn-1` holds what was there."""
        told, machine = [], self.machine()
        for path in self.files():
            try:
                read_record(path, machine)
            except Unusable as why:
                if path.stem in wanted:
                    with self.writable():
                        aside = set_aside(path, "torn")
                    told.append(f"{path}: {why}; kept as {aside.name} and measured again")
                else:
                    told.append(f"{path}: {why}; not to be measured now, left alone")
        return told


def read_record(path: Path, fingerprint: str) -> Record:
    """A record that is whole, of this code's schema, of the cell in its name and of this machine;
    raises `Unusable` with the reason."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unusable(f"torn ({' '.join(str(error).split())})") from error
    record = parse_record(text)
    check_identity(record, path.stem.removesuffix(".result"), fingerprint)
    return record


def parse_record(text: bytes | str) -> Record:
    """A record that is whole and of this code's schema, whosever it is; raises `Unusable`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"torn ({' '.join(str(error).split())})") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise Unusable(f"schema {version}, this code reads {SCHEMA}")
    try:
        return Record.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise Unusable(f"not a record ({explain(error)})") from error


def check_identity(record: Record, cell_id: str, fingerprint: str) -> None:
    """Raises `Unusable` for a record of another cell, of edited code or of another machine."""
    if record.cell_id != cell_id:
        raise Unusable(f"foreign, it holds cell {record.cell_id}")
    if record.cell.id != cell_id:
        raise Unusable(f"foreign, the cell inside it is {record.cell.id}")
    if record.environment is None and record.status is Status.SKIPPED:
        return  # nothing was measured
    own = record.environment.fingerprint if record.environment else "unknown"
    if own != fingerprint:
        raise Unusable(f"foreign, from a machine with fingerprint {own}, not {fingerprint}")


def set_aside(path: Path, why: str) -> Path:
    """Rename to the first free `<name>.<why>-N`."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def find_stores(root: Path, matrix_name: str) -> list[Store]:
    """The matrix's folders, one for each kind of machine it was run on."""
    folders = (root / matrix_name).glob("*/records")
    return [Store(folder.parent) for folder in sorted(folders)]
