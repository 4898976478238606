"""The store: uses only good records, reports the others, deletes nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.record import Record, Status
from vbench_mem.running.store import Store, find_stores

MakeRecord = Callable[..., Record]


@pytest.fixture
def store(tmp_path: Path, environment: Environment) -> Store:
    store = Store(tmp_path / "runs" / "small" / environment.fingerprint)
    store.prepare("about: x\n", environment)
    return store


def spoil(store: Store, which: Cell, **changes: object) -> Path:
    """Change fields of the record's file behind the store's back."""
    path = store.record_path(which.id)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_what_is_written_is_found(store: Store, cell: Cell, make_record: MakeRecord) -> None:
    record = make_record(cell)
    store.write(record)
    assert store.records() == {cell.id: record}
    assert store.problems() == []
    assert find_stores(store.folder.parent.parent, "small") == [store]


def test_a_torn_file_is_reported_kept_and_never_used(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    store.write(make_record(cell))
    path = store.record_path(cell.id)
    half = path.read_text()[:200]
    path.write_text(half)
    assert store.records() == {}
    (problem,) = store.problems()
    assert "torn" in problem and "run the matrix again" in problem
    (message,) = store.set_aside_bad({cell.id})
    assert "torn" in message and "measured again" in message
    assert path.with_name(f"{path.name}.torn-1").read_text() == half
    path.write_text(half)
    store.set_aside_bad({cell.id})
    assert path.with_name(f"{path.name}.torn-2").exists()


def test_an_old_schema_names_the_fix(store: Store, cell: Cell, make_record: MakeRecord) -> None:
    store.write(make_record(cell))
    spoil(store, cell, schema_version=0)
    (problem,) = store.problems()
    assert problem.endswith("has schema version 0, but this code reads 1; run the matrix again")


def test_a_record_of_another_cell_is_refused(
    store: Store, cell: Cell, make_cell: Callable[..., Cell], make_record: MakeRecord
) -> None:
    other = make_cell(frames=8)
    store.write(make_record(other))
    store.record_path(other.id).rename(store.record_path(cell.id))
    assert store.records() == {}
    assert f"is the record of another cell, {other.id}" in store.problems()[0]


def test_a_record_of_edited_code_is_refused(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    """The file's name and the id inside agree, but what is inside has another id by now."""
    store.write(make_record(cell))
    data = json.loads(store.record_path(cell.id).read_text())
    data["cell"]["load"]["batch"] += 1
    spoil(store, cell, cell=data["cell"])
    assert "the cell in it has another id now" in store.problems()[0]


def test_a_record_of_another_machine_is_refused(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    elsewhere = Environment(fingerprint="ffffffff", device="another")
    store.write(make_record(cell, environment=elsewhere))
    assert store.records() == {}
    assert "another machine (ffffffff, not 0123abcd)" in store.problems()[0]


def test_a_bad_file_of_no_cell_is_left_alone(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    path = store.record_path("feedfeedfeedfeed")
    path.write_text("{")
    (message,) = store.set_aside_bad({cell.id})
    assert "ignored" in message and path.exists()


def test_a_folder_that_cannot_be_made_is_the_users_mistake(
    tmp_path: Path, environment: Environment
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--store"):
        Store(tmp_path / "file" / "x").prepare("", environment)


def test_two_runs_do_not_share_a_folder(store: Store) -> None:
    with store.alone(), pytest.raises(UsageError, match="another run"), store.alone():
        pass
    with store.alone():
        pass


def test_a_good_record_is_only_replaced_by_a_good_one(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    good = make_record(cell)
    store.write(good)
    path = store.record_path(cell.id)
    text = path.read_text()
    store.write(make_record(cell, status=Status.TIMEOUT))
    assert store.records()[cell.id].status is Status.TIMEOUT
    assert path.with_name(f"{path.name}.before-1").read_text() == text
    store.write(good)
    store.write(good)
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ({"peak_alloc_bytes": float("nan")}, "peak_alloc_bytes is nan"),
        ({"step_ms": float("inf")}, "step_ms is inf"),
        ({"peak_aloc_bytes": 1}, "no metric called peak_aloc_bytes; did you mean peak_alloc_bytes"),
    ],
)
def test_a_number_that_cannot_be_is_no_record(
    store: Store, cell: Cell, make_record: MakeRecord, metrics: dict[str, float], why: str
) -> None:
    store.write(make_record(cell))
    spoil(store, cell, metrics=metrics)
    assert store.records() == {}
    assert why in store.problems()[0]


def test_without_an_environment_file_records_of_another_machine_are_refused(
    store: Store, cell: Cell, make_record: MakeRecord
) -> None:
    record = make_record(cell)
    store.write(record)
    assert record.environment is not None
    other = record.environment.model_copy(update={"fingerprint": "deadbeef"})
    spoil(store, cell, environment=other.model_dump(mode="json"))
    store.environment_path().unlink()
    assert "from another machine (deadbeef" in store.problems()[0]
    spoil(store, cell, environment=None)
    assert "another machine (unknown" in store.problems()[0]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    tmp_path: Path, environment: Environment
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file/x: cannot be written to: not a directory; choose"):
        Store(tmp_path / "file" / "x").prepare("about: x\n", environment)
