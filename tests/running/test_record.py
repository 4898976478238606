"""Records: written, read, and never half of one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Failure, Record, Status, write_record

MakeRecord = Callable[..., Record]


def test_a_record_survives_its_file(cell: Cell, make_record: MakeRecord, tmp_path: Path) -> None:
    failure = Failure(phase="backward", where="device", bytes_requested=3)
    for record in (
        make_record(cell),
        make_record(cell, status=Status.OOM, reason="no room", failure=failure, metrics={}),
        make_record(cell, metrics={"mfu": None}, missing={"mfu": "unknown device"}),
    ):
        path = tmp_path / "record.json"
        write_record(record, path)
        assert Record.model_validate_json(path.read_text()) == record


def test_a_reader_never_sees_half_a_record(
    cell: Cell, make_record: MakeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    write_record(make_record(cell), path)
    before = path.read_text()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("vbench_mem.base.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_record(make_record(cell, wall_s=99.0), path)
    assert path.read_text() == before


def test_an_unknown_field_or_schema_is_refused(cell: Cell, make_record: MakeRecord) -> None:
    data = json.loads(make_record(cell).model_dump_json())
    for wrong in ({"schema_version": 0}, {"extra": 1}, {"status": "fine"}, {"wall_s": "1"}):
        (field,) = wrong
        with pytest.raises(ValidationError, match=field):
            Record.model_validate_json(json.dumps(data | wrong))
