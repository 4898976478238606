"""The baseline file: the same bytes for the same numbers, found again by name, never trusted."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.budgets.made import predicted
from tests.rows import matrix_of
from vbench_mem.analysis.budgets.baseline import (
    Baseline,
    BaselineIndex,
    entry_of,
    key_of,
    keys_of,
    read_baseline,
)
from vbench_mem.analysis.budgets.predict import (
    check_targets,
    differences,
    needing_predictions,
    with_targets,
)
from vbench_mem.analysis.join import join
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Runtime
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import Cell

MakeCell = Callable[..., Cell]


def baseline(**cells: int) -> Baseline:
    """Cells by name, each with these bytes of activations."""
    made = {name: predicted({"video": {"activation": size}}) for name, size in cells.items()}
    return Baseline(torch="2.13", cells={name: entry_of(each) for name, each in made.items()})


def test_the_same_numbers_make_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    one, other = baseline(a=1, b=2), baseline(b=2, a=1)
    one.write(tmp_path / "one.json")
    other.write(tmp_path / "new" / "other.json")
    text = (tmp_path / "one.json").read_bytes()
    assert text == (tmp_path / "new" / "other.json").read_bytes()
    assert text.endswith(b"}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"one.json", "new"}  # nothing set aside
    data = json.loads(text)
    assert list(data) == sorted(data) and list(data["cells"]) == ["a", "b"]
    assert read_baseline(tmp_path / "one.json") == one


def test_a_changed_number_is_a_changed_line(tmp_path: Path) -> None:
    before, after = (
        baseline(a=1000, b=2).text().split("\n"),
        baseline(a=1001, b=2).text().split("\n"),
    )
    changed = [now for was, now in zip(before, after, strict=True) if was != now]
    assert changed and all("1001" in line for line in changed)


def test_a_baseline_names_neither_times_nor_machines() -> None:
    assert baseline(a=1).model_dump().keys() == {"about", "schema_version", "torch", "cells"}
    assert baseline(a=1).model_dump()["cells"]["a"].keys() == {
        "target", "peak_phase", "metrics", "modules", "terms",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ("<<<<<<< mine\n{}", "not JSON"),
        ("[]", "schema None, this code reads 1; delete it"),
        ('{"schema_version": 2}', "schema 2, this code reads 1; delete it"),
        ('{"schema_version": 1, "torch": "2"}', "not a baseline (cells: is missing)"),
    ],
)
def test_a_file_that_is_not_a_baseline_is_refused(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_baseline(path)
    assert str(caught.value).startswith(f"{path}: ") and expected in str(caught.value)


def test_a_missing_baseline_is_reported_with_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not exist yet; write it with .*baseline"):
        read_baseline(tmp_path / "b.json")
    with pytest.raises(UsageError, match=r"cannot be read: is a directory"):
        read_baseline(tmp_path)


def test_an_edited_encoder_keeps_its_name_and_gets_another_id(make_cell: MakeCell) -> None:
    cell = make_cell("joint_test")
    wider = replace(cell, spec=replace(cell.spec, embed_dim=128))
    assert cell.id != wider.id
    assert key_of(cell) == key_of(wider) == "joint_test frames=4 batch=2 device=cpu"
    finer = replace(
        cell,
        spec=replace(cell.spec, resolution_px=128),
        load=replace(cell.load, resolution_px=128),
    )
    assert key_of(finer) == key_of(cell)


def test_another_load_or_runtime_is_another_cell(make_cell: MakeCell) -> None:
    cells = [
        make_cell(),
        make_cell(frames=8),
        make_cell(resolution_px=32),
        make_cell(mode="embed"),
        make_cell(recipe="mask75"),
        make_cell(runtime=Runtime()),
        make_cell(runtime=Runtime(device="cuda", dtype="bfloat16", checkpoint=True)),
    ]
    names = [key_of(cell) for cell in cells]
    assert len(set(names)) == len(cells)
    assert names[-2:] == [
        "joint_test frames=4 batch=2",
        "joint_test frames=4 batch=2 device=cuda dtype=bfloat16 checkpoint=true",
    ]


def test_a_name_does_not_depend_on_the_other_cells_or_the_folder(make_cell: MakeCell) -> None:
    one = make_cell(input="clips", clips="/home/a/one.csv", clips_sha256="0")
    other = make_cell(input="clips", clips="/home/a/other.csv", clips_sha256="1")
    moved = make_cell(input="clips", clips="/mnt/one.csv", clips_sha256="0")
    again = make_cell(input="clips", clips="/mnt/one.csv", clips_sha256="2")
    alone = "joint_test frames=4 batch=2 input=clips device=cpu"
    assert [*keys_of([one]).values(), *keys_of([moved]).values()] == [alone, alone]
    assert list(keys_of([make_cell(), one, other, again]).values()) == [
        "joint_test frames=4 batch=2 device=cpu",
        f"{alone} clips=one.csv",
        f"{alone} clips=other.csv",
        f"{alone} clips=one.csv (2)",
    ]


def test_differences_are_reported_cell_by_cell() -> None:
    old, new = baseline(a=2**20, b=5, c=5), baseline(a=2**21, c=5, d=5)
    assert differences(old, new) == [
        "a: predicted_peak_bytes is 1.0 MiB (100.00 %) above the baseline of 1.0 MiB",
        "b: removed",
        "d: added",
    ]
    assert differences(None, baseline(a=1)) == ["a: added"]
    assert differences(old, old) == []


TEXT = """
about: q?
axes:
  variant: [joint_test, joint_test+mask75, frame_mean_test]
  frames: [4, 8]
  batch: 2
  device: cpu
skip: [{when: {encoder: frame_mean_test, frames: 8}, reason: not needed}]
"""


def labels(tmp_path: Path, *budgets: dict[str, object]) -> list[str]:
    matrix = matrix_of(tmp_path, TEXT)
    made = [Budget.model_validate(each) for each in budgets]
    return [row.label for row in needing_predictions(made, join(matrix, {}).rows)]


def test_only_cells_that_a_predicted_budget_uses_are_predicted(tmp_path: Path) -> None:
    assert labels(tmp_path, {"metric": "peak_alloc_bytes", "max": "1 B"}) == []
    ratio = {
        "metric": "predicted_peak_bytes",
        "where": {"recipe": "mask75", "frames": 4},
        "max_ratio": 0.5,
        "to": {"recipe": "full"},
    }
    assert labels(tmp_path, ratio) == ["joint_test frames=4", "joint_test+mask75 frames=4"]
    everything = {"metric": "predicted_peak_bytes", "max": "1 B"}
    assert "frame_mean_test frames=8" not in labels(tmp_path, everything)
    assert len(labels(tmp_path, everything)) == 5


def test_a_baseline_of_the_other_kind_of_device_is_refused_before_any_work(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    keys = keys_of(matrix.wanted)
    old = Baseline(
        torch="2.13", cells={key: entry_of(predicted(target="cuda")) for key in keys.values()}
    )
    stick = BaselineIndex(path=Path("b.json"), baseline=old, keys=keys, torch="2.13")
    rows = join(matrix, {}).rows
    limit = Budget.model_validate({"metric": "predicted_peak_bytes", "max_growth": 0.01})
    with pytest.raises(
        UsageError, match="is now predicted for cpu; write device: cuda in the matrix"
    ):
        check_targets([limit], rows, with_targets(matrix.wanted), stick)


def test_the_machine_is_inspected_for_auto_and_not_for_a_named_device(
    make_cell: MakeCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Showing:
        shows_gpu = True

    devices: list[str] = []
    monkeypatch.setattr(
        "vbench_mem.analysis.budgets.predict.read_environment",
        lambda device: devices.append(device) or Showing,
    )
    named = [make_cell(), make_cell(runtime=Runtime(device="cuda:1"))]
    assert [target for _, target in with_targets(named).values()] == ["cpu", "cuda"]
    assert devices == []
    free = make_cell(runtime=Runtime())
    assert with_targets([free])[free.id][1] == "cuda"
    assert devices == ["auto"]
