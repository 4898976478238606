"""Snapshots: complete and of this training, or ignored."""

import os
from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from vbench_mem.accuracy.training.snapshot import DIGEST_BYTES, Snapshots

STATE = {"weights": {"a": torch.arange(4.0)}, "step": 3, "told": [(1, None)], "name": "x"}


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    made = Snapshots(tmp_path / "one.snapshot", "mine", every_s=0)
    made.save(STATE)
    return made


def test_a_snapshot_is_read_back_unchanged(snapshots: Snapshots) -> None:
    state, note = snapshots.load()
    assert note is None and state is not None
    assert torch.equal(state["weights"]["a"], torch.arange(4.0))
    assert (state["step"], state["told"], state["name"]) == (3, [(1, None)], "x")


def test_no_file_is_no_snapshot(tmp_path: Path) -> None:
    assert Snapshots(tmp_path / "none", "mine", 0).load() == (None, None)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_damaged_snapshot_is_ignored_with_a_reason(snapshots: Snapshots, share: float) -> None:
    whole = snapshots.path.read_bytes()
    snapshots.path.write_bytes(whole[: int(len(whole) * share)])
    state, note = snapshots.load()
    assert state is None and note is not None and "damaged" in note


@pytest.mark.parametrize("place", [100, -DIGEST_BYTES - 100, -1])
def test_a_snapshot_with_one_wrong_bit_is_damaged(snapshots: Snapshots, place: int) -> None:
    data = bytearray(snapshots.path.read_bytes())
    data[place] ^= 1
    snapshots.path.write_bytes(data)
    assert snapshots.load() == (None, "one.snapshot is damaged; started again")


def test_a_snapshot_of_another_training_is_ignored_with_a_reason(snapshots: Snapshots) -> None:
    other = Snapshots(snapshots.path, "other", 0)
    assert other.load() == (None, "one.snapshot is of another training; started again")


def test_a_snapshot_that_holds_code_runs_none(snapshots: Snapshots) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(snapshots.path.parent / "harm"),)

    snapshots.save({"evil": Evil()})
    with pytest.raises(UnpicklingError, match="Weights only load failed"):
        snapshots.load()
    assert not (snapshots.path.parent / "harm").exists()


def test_unfinished_files_of_a_killed_process_are_removed(snapshots: Snapshots) -> None:
    part = snapshots.path.with_name(f".{snapshots.path.name}.12345.part")
    part.write_bytes(b"half")
    assert snapshots.load()[0] is not None
    assert not part.exists()


def test_a_snapshot_is_due_after_its_time_and_not_before(tmp_path: Path) -> None:
    assert Snapshots(tmp_path / "one", "mine", every_s=0).is_due
    assert not Snapshots(tmp_path / "one", "mine", every_s=3600).is_due
