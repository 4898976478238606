"""`plan` predicts without running anything, and `run` skips what cannot fit."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from vbench_mem.cli import app
from vbench_mem.machine.nvml import Unreadable
from vbench_mem.matrix.load import load_matrix
from vbench_mem.probes.predict import predict
from vbench_mem.running.record import Status
from vbench_mem.running.store import Store

Write = Callable[..., Path]
MIXED = """
about: cells on a card and one on the cpu
protocol: {warmup: 1, steps: 2, timeout_s: 600}
axes:
  - {encoder: joint_test, frames: [4, 64], batch: [2, 64]}
  - {encoder: joint_test, frames: 4, batch: 2, device: cpu}
  - {encoder: frame_mean_test, frames: 4, batch: 2, compile: true}
skip: [{when: {frames: 4, batch: 64}, reason: not asked}]
"""
SIZES = """
about: what does not fit a small virtual card of host memory
protocol: {warmup: 1, steps: 1, timeout_s: 600, memory_limit_bytes: 1 GiB}
axes: {encoder: [frame_mean_test, joint_test], frames: 4, batch: [1, 4096], device: cpu, threads: 1}
"""


def plan(*arguments: str | Path, columns: int = 80) -> Result:
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(app, ["plan", *(str(item) for item in arguments)])


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests say the same on a machine with a card."""

    def none(*_: object, **__: object) -> None:
        raise Unreadable("no driver")

    monkeypatch.setattr("vbench_mem.machine.environment.open_gpu", none)


@pytest.fixture
def forecasts(write_matrix: Write, tmp_path: Path, no_gpu: None) -> dict[str, Any]:
    result = plan(write_matrix(MIXED), "--card", "1 GiB", "--store", tmp_path / "none", "--json")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "none").exists()
    return json.loads(result.stdout)


def test_a_card_replaces_every_device_except_the_cpu(forecasts: dict[str, Any]) -> None:
    by_label = {cell["label"]: cell for cell in forecasts["cells"]}
    on_cpu = [cell for cell in forecasts["cells"] if "device=cpu" in cell["label"]]
    assert {cell["target"] for cell in on_cpu} == {"cpu"} and len(on_cpu) == 1
    assert on_cpu[0]["memory_limit_of"] in ("this host",)
    others = [cell for cell in by_label.values() if cell not in on_cpu]
    assert {(cell["target"], cell["memory_limit_bytes"]) for cell in others} == {("cuda", 2**30)}


def test_each_cell_is_judged_by_its_own_prediction(
    forecasts: dict[str, Any], write_matrix: Write
) -> None:
    cells = {cell.id: cell for cell in load_matrix(write_matrix(MIXED)).cells}
    large = next(cell for cell in forecasts["cells"] if cell["fit"] == "does not fit")
    cell = cells[large["id"]]
    assert (cell.load.frames, cell.load.batch) == (64, 64)
    expected = predict(cell, "cuda")
    assert large["peak_bytes"] == expected.peak_bytes > 2**30
    assert large["step_flop"] == expected.flop
    assert large["why"].endswith("more than the 1.00 GiB of a card of 1.00 GiB")
    compiled = next(cell for cell in forecasts["cells"] if cell["peak_bytes"] is None)
    assert "compiled" in compiled["why"] and compiled["fit"] is None
    assert [cell["reason"] for cell in forecasts["skipped"]] == ["not asked"]
    assert forecasts["totals"] | {"minutes": None} == forecasts["totals"] | {
        "cells": 5,
        "fit": 1,
        "tight": 2,  # on a card the context of an A100 alone takes more than 1 GiB
        "do_not_fit": 1,
        "not_judged": 0,
        "not_predicted": 1,
        "skipped": 1,
        "minutes": None,
    }


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_the_terminal_and_says_what_the_minutes_are_made_of(
    write_matrix: Write, no_gpu: None, columns: int
) -> None:
    arguments = ("--card", "a100-40", "--only", "batch=2 device=auto")
    result = plan(write_matrix(MIXED), *arguments, columns=columns)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.stdout.splitlines()) <= columns
    text = " ".join(result.stdout.split())
    assert "small on a100-40, 37.25 GiB to 40.00 GiB (NVIDIA A100 datasheet: 40 GB)" in text
    assert "cells: 3, fit: 2, not predicted: 1" in text
    assert "FLOPs at 35 % of the dense peak" in text
    assert "of unknown length: 1" in text
    assert "not predicted: a compiled step" in text


def test_a_column_of_unknown_minutes_is_left_out(
    write_matrix: Write, no_gpu: None, tmp_path: Path
) -> None:
    path = write_matrix(MIXED)
    for device, is_there in (("cpu", False), ("auto", True)):
        arguments = ("--card", "a100-40", "--only", f"batch=2 device={device}")
        shown = plan(path, *arguments, "--store", tmp_path / "none").stdout
        (heads,) = (line for line in shown.splitlines() if "GFLOP/step" in line)
        assert ("minutes" in heads) == is_there


def test_without_a_card_a_cell_that_needs_one_has_no_verdict(
    write_matrix: Write, no_gpu: None
) -> None:
    path = write_matrix(MIXED.replace("device: cpu", "device: cuda"))
    result = plan(path, "--only", "device=cuda", "--json")
    (cell,) = json.loads(result.stdout)["cells"]
    assert (cell["target"], cell["fit"], cell["seconds"]) == ("cuda", None, None)
    assert "name one with --card" in cell["why"]
    assert cell["peak_bytes"] > 0
    assert "cells: 1, not judged: 1\n" in plan(path, "--only", "device=cuda").stdout


def test_minutes_are_explained_only_where_there_are_some(write_matrix: Write, no_gpu: None) -> None:
    arguments = ("--only", "frames=64 batch=64", "--card")
    assert "\nminutes: " in plan(write_matrix(MIXED), *arguments, "h200").stdout
    alone = plan(write_matrix(MIXED), *arguments, "v100-16").stdout
    assert "cells: 1, fit: 1" in alone and "\nminutes: " in alone
    huge = MIXED.replace("[2, 64]", "[2, 65536]").replace("batch: 64}", "batch: 65536}")
    for card in ("v100-16", "16 GiB"):  # with a dense peak, and without
        none = plan(write_matrix(huge), "--only", "frames=64 batch=65536", "--card", card).stdout
        assert "cells: 1, cannot fit: 1" in none and "minutes: " not in none


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("a100_41", "--card: no card called 'a100_41'; did you mean a100-40?"),
        ("16 GB", "--card: '16 GB' is not a size; write it like '16 GiB'"),
    ],
)
def test_a_card_that_is_none_is_one_line_and_exit_2(
    write_matrix: Write, card: str, message: str
) -> None:
    result = plan(write_matrix(), "--card", card)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}") and result.stderr.count("\n") == 1


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Result]]:
    """`run` in this process, from a folder of its own, beside whatever else measures here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vbench_mem.machine.lock.one_run_per_machine", nullcontext)
    handled = signal.getsignal(signal.SIGTERM)
    yield lambda path: CliRunner(env={"COLUMNS": "80"}).invoke(app, ["run", str(path), "--json"])
    signal.signal(signal.SIGTERM, handled)  # a run sets its own


def test_a_run_skips_what_cannot_fit_and_starts_with_what_is_small(
    run: Callable[[Path], Result], write_matrix: Write, tmp_path: Path
) -> None:
    path = write_matrix(SIZES)
    done = run(path)
    assert done.exit_code == 0, done.output
    cells = json.loads(done.stdout)["cells"]
    assert {(cell["label"], cell["status"]) for cell in cells} == {
        ("joint_test batch=1", "ok"),
        ("joint_test batch=4096", "skipped"),
        ("frame_mean_test batch=1", "ok"),
        ("frame_mean_test batch=4096", "skipped"),
    }
    # the group written last has the smaller peaks, and is measured first
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert lines[0].startswith("[1/2] ok joint_test batch=1")
    assert lines[1].startswith("[2/2] ok frame_mean_test batch=1")
    assert done.stderr.count("more than the 1.00 GiB of protocol.memory_limit_bytes") == 2
    (folder,) = (tmp_path / "runs" / "small").iterdir()
    skipped_as_oom = [r for r in Store(folder).records().values() if r.status is Status.SKIPPED]
    assert len(skipped_as_oom) == 2
    assert all((record.predicted_bytes or 0) > 2**30 for record in skipped_as_oom)

    forecasts = json.loads(plan(path, "--store", tmp_path / "runs", "--json").stdout)
    assert (forecasts["totals"]["measured"], forecasts["totals"]["to_measure"]) == (2, 0)


def test_a_matrix_may_ask_to_try_what_is_predicted_not_to_fit(
    run: Callable[[Path], Result], write_matrix: Write
) -> None:
    path = write_matrix("try_predicted: true\n" + SIZES.replace("[frame_mean_test, ", "["))
    done = run(path)
    assert done.exit_code == 0, done.output
    cells = json.loads(done.stdout)["cells"]
    assert [cell["status"] for cell in cells] == ["ok", "oom"]
    assert [cell["predicted_bytes"] for cell in cells] == [None, None]

    path.write_text(path.read_text().removeprefix("try_predicted: true\n"))
    again = run(path)  # what ran out of memory keeps its record, and the run says so
    assert "not run again joint_test batch=4096, host out of memory in " in again.stderr
    assert [cell["status"] for cell in json.loads(again.stdout)["cells"]] == ["ok", "oom"]
