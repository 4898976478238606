"""A folder of records of one matrix on one kind of machine. Deletes no record, checks every file.

<root>/<matrix name>/<fingerprint>/
    records/<cell id>.json   the result of each cell
    cells/<cell id>.*        the input of a child, and the phases that it entered
    logs/<cell id>.log       what a child printed
    checkpoints/<cell id>.*  trained weights, and snapshots of trainings that were interrupted
    matrix.yaml              the matrix as it was run
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
from vbench_mem.base.strict_json import parse_json
from vbench_mem.machine.environment import Environment
from vbench_mem.machine.lock import hold
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import SCHEMA, Record, Status, write_record

OTHER_STORE = "choose another folder with --store"


class Unusable(Exception):
    """A record file cannot be used; the message says why."""


@dataclass(frozen=True)
class Store:
    """The folder; nothing is created on disk before `prepare`."""

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
        """Where the child writes each phase that it enters, so that a killed child's is known."""
        return self.folder / "cells" / f"{cell_id}.phase"

    def result_path(self, cell_id: str) -> Path:
        """Where a child writes its record; the parent moves it if it is usable."""
        return self.folder / "cells" / f"{cell_id}.result.json"

    def environment_path(self) -> Path:
        return self.folder / "environment.json"

    @contextmanager
    def writable(self) -> Iterator[None]:
        """Turns an `OSError` into a `UsageError`."""
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error, OTHER_STORE) from error

    def make(self) -> None:
        with self.writable():
            for name in ("records", "cells", "logs", "checkpoints"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)

    def prepare(self, matrix_text: str, environment: Environment) -> None:
        """Write the matrix and the environment; only while no other run holds the folder."""
        self.make()
        with self.writable():
            write_file(self.folder / "matrix.yaml", matrix_text)
            write_file(self.environment_path(), environment.model_dump_json(indent=1) + "\n")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Create and hold the folder; raises `UsageError` while another run holds it."""
        self.make()
        busy = f"{self.folder}: another run is using this folder; wait until it ends"
        with hold(self.folder / ".lock", busy, OTHER_STORE):
            yield

    def write_cell(self, cell: Cell) -> Path:
        """The input of a child."""
        path = self.cell_path(cell.id)
        with self.writable():
            write_file(path, json.dumps(cells.dump(cell), indent=1) + "\n")
        return path

    def write(self, record: Record) -> None:
        """Write the cell's record. An ok record that one with another status replaces is renamed to
        `<name>.before-N`."""
        path = self.record_path(record.cell_id)
        with self.writable():
            if record.status is not Status.OK and self.status_of(path) is Status.OK:
                set_aside(path, "before")
            write_record(record, path)

    def status_of(self, path: Path) -> Status | None:
        """The status of the record there; None without a usable one."""
        try:
            return read_record(path, self.machine()).status
        except Unusable:
            return None

    def files(self) -> list[Path]:
        """Record files, usable or not, without renamed and temporary ones."""
        return sorted((self.folder / "records").glob("[!.]*.json"))

    def read(self) -> Iterator[tuple[Path, Record | Unusable]]:
        """Every record file with its record, or with the reason why it cannot be used."""
        machine = self.machine()
        for path in self.files():
            try:
                yield path, read_record(path, machine)
            except Unusable as why:
                yield path, why

    def unusable(self) -> list[tuple[Path, Unusable]]:
        return [(path, found) for path, found in self.read() if isinstance(found, Unusable)]

    def records(self) -> dict[str, Record]:
        """Every usable record by cell id."""
        return {path.stem: found for path, found in self.read() if isinstance(found, Record)}

    def problems(self) -> list[str]:
        """A sentence with the fix for every unusable file."""
        return [f"{path}: {why}; run the matrix again" for path, why in self.unusable()]

    def machine(self) -> str:
        """The fingerprint in the folder's environment file, else the folder's name."""
        try:
            text = self.environment_path().read_text(encoding="utf-8")
            return Environment.model_validate_json(text).fingerprint
        except (OSError, ValueError):
            return self.fingerprint

    def set_aside_bad(self, wanted: set[str]) -> list[str]:
        """Rename the unusable files of these cells to `<name>.torn-N`, so that they are measured
        again; a sentence for each unusable file."""
        messages = []
        for path, why in self.unusable():
            fate = "ignored, since its cell is not run now"
            if path.stem in wanted:
                with self.writable():
                    aside = set_aside(path, "torn")
                fate = f"renamed to {aside.name}, to be measured again"
            messages.append(f"{path}: {why}; {fate}")
        return messages


def read_record(path: Path, fingerprint: str) -> Record:
    """The record of the cell that the file is named after, on this machine; raises `Unusable`."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unusable(f"torn ({' '.join(str(error).split())})") from error
    record = parse_record(text)
    check_identity(record, path.stem.removesuffix(".result"), fingerprint)
    return record


def parse_record(text: bytes | str) -> Record:
    """A record of any cell and machine; raises `Unusable`."""
    try:
        data = parse_json(text)
    except ValueError as error:
        raise Unusable(f"torn ({' '.join(str(error).split())})") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise Unusable(f"has schema version {version}, but this code reads {SCHEMA}")
    try:
        return Record.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise Unusable(f"not a record ({explain(error)})") from error


def check_identity(record: Record, cell_id: str, fingerprint: str) -> None:
    """Raises `Unusable` for a record of another cell or of another machine."""
    if record.cell_id != cell_id:
        raise Unusable(f"is the record of another cell, {record.cell_id}")
    if record.cell.id != cell_id:
        raise Unusable(f"the cell in it has another id now, {record.cell.id}")
    if record.environment is None and record.status is Status.SKIPPED:
        return  # nothing was measured
    own = record.environment.fingerprint if record.environment else "unknown"
    if own != fingerprint:
        raise Unusable(f"is from another machine ({own}, not {fingerprint})")


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
