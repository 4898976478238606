"""The command line: exit codes, frozen options, tables that fit, JSON that programs can read."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from vbench_mem.base.errors import UsageError
from vbench_mem.cli import app, main
from vbench_mem.cli.arguments import complete_label, complete_matrix, find_matrix
from vbench_mem.cli.progress import REST_COLUMNS, Bars, shorten
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix
from vbench_mem.running.eta import expected_seconds
from vbench_mem.running.record import Failure, Record, Status
from vbench_mem.running.store import Store
from vbench_mem.running.target import Site

Write = Callable[..., Path]
MakeRecord = Callable[..., Record]

# frozen: an option that moves a number belongs into the matrix, not here
OPTIONS = {
    "list": {"section", "pattern", "--json"},
    "plan": {"matrix", "--card", "--only", "--store", "--json"},
    "run": {"matrix", "--store", "--only", "--again", "--json"},
    "show": {"matrix", "cell", "--store", "--json"},
    "data": {"file", "--form", "--videos", "--split", "--allow-missing", "--json"},
    "synthetic": {"task", "--size", "--split", "--out", "--strip"},
    "weights": {
        "path",
        "--encoder",
        "--frames",
        "--resolution",
        "--set",
        "--allow",
        "--json",
    },
    "compare": {
        "before",
        "after",
        "--out",
        "--fail-on",
        "--unlike-machines",
        "--any-protocol",
        "--json",
    },
    "schema": set(),
}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(item) for item in arguments])


@pytest.mark.parametrize("command", OPTIONS)
def test_the_option_list_is_frozen(command: str) -> None:
    parameters = typer.main.get_command(app).commands[command].params
    names = {
        max(item.opts, key=len) if item.param_type_name == "option" else item.name
        for item in parameters
    }
    assert names - {"--help"} == OPTIONS[command]


def test_the_commands_are_those_of_the_specification() -> None:
    commands = typer.main.get_command(app).commands
    assert {"list", "plan", "run", "report", "check", "show", "schema"} <= commands.keys()


@pytest.mark.parametrize("command", [(), *((name,) for name in OPTIONS)])
def test_every_help_has_an_example_and_fits(command: tuple[str, ...]) -> None:
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert f"vbench-mem {' '.join(command)}".strip() in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_lists_name_every_row() -> None:
    encoders = json.loads(invoke("list", "encoders", "--json").stdout)
    assert any(row["name"] == "joint_b16" and row["size"] == "B" for row in encoders)
    whole = json.loads(invoke("list", "--json").stdout)
    assert whole.keys() == {"encoders", "recipes", "metrics", "matrices"}
    some = json.loads(invoke("list", "encoders", "*_b16", "--json").stdout)
    assert some == [row for row in encoders if row["name"].endswith("_b16")]
    none = invoke("list", "recipes", "*_x")
    assert none.exit_code == 2
    assert (
        none.stderr
        == "error: no name in recipes matches '*_x'; `vbench-mem list recipes` lists all\n"
    )
    assert any(row["name"] == "mask75" and row["mask"] == 0.75 for row in whole["recipes"])
    assert "peak_alloc_bytes" in invoke("list", "metrics").stdout


@pytest.mark.parametrize("what", ["encoders", "recipes", "metrics", "matrices"])
def test_lists_fit_80_columns(what: str) -> None:
    result = invoke("list", what)
    assert result.exit_code == 0
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_the_schema_is_json() -> None:
    assert json.loads(invoke("schema").stdout)["required"] == ["about", "axes"]


def test_a_users_mistake_is_one_line_and_exit_2(write_matrix: Write) -> None:
    path = write_matrix(write_matrix().read_text().replace("joint_test", "joint_tset"))
    for command in ("run", "show"):
        result = invoke(command, path)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr == (
            f"error: {path}: axes.encoder: no encoder called 'joint_tset'; "
            "did you mean joint_test?\n"
        )


def test_an_unknown_option_or_missing_file_is_exit_2(tmp_path: Path) -> None:
    assert invoke("run", tmp_path / "none.yaml").exit_code == 2
    assert invoke("run", "x", "--fast").exit_code == 2


@pytest.fixture
def stored(write_matrix: Write, tmp_path: Path, make_record: MakeRecord) -> tuple[Path, Store]:
    """A matrix with a good record for each cell but the last, which ran out of memory."""
    path = write_matrix()
    matrix = load_matrix(path)
    site = Site.of(matrix.cells)
    store = site.store(tmp_path / "runs", matrix.name)
    store.prepare(matrix.text, site.main)
    for cell in matrix.cells:
        store.write(make_record(cell, environment=site.main))
    failure = Failure(phase="forward", where="device", bytes_requested=3 * 2**30)
    reason = "device out of memory in forward, 3.00 GiB requested"
    last = make_record(matrix.cells[-1], environment=site.main, metrics={})
    ending = {"status": Status.OOM, "reason": reason, "failure": failure}
    store.write(last.model_copy(update=ending))
    return path, store


def test_show_prints_the_state_of_every_cell(stored: tuple[Path, Store]) -> None:
    path, store = stored
    result = invoke("show", path, "--store", store.folder.parents[1])
    assert result.exit_code == 0
    assert result.stdout.count("ok") == 7
    assert "device out of memory in forward, 3.00 GiB requested" in result.stdout
    assert "frame_mean_test+mask75" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines() if "/" not in line) <= 80
    (found,) = json.loads(invoke("show", path, "--store", store.folder.parents[1], "--json").stdout)
    assert [cell["status"] for cell in found["cells"]] == ["ok"] * 7 + ["oom"]


def test_show_before_a_run_lists_what_is_missing(write_matrix: Write, tmp_path: Path) -> None:
    result = invoke("show", write_matrix(), "--store", tmp_path / "none")
    assert result.exit_code == 0 and result.stdout.count("missing") == 8
    assert not (tmp_path / "none").exists()


def test_show_one_record_in_full(stored: tuple[Path, Store]) -> None:
    path, store = stored
    root = store.folder.parents[1]
    cell = load_matrix(path).cells[0]
    result = invoke("show", path, cell.id[:8], "--store", root)
    assert result.exit_code == 0
    assert cell.id in result.stdout and "12.5 ms" in result.stdout
    assert "allocated peak of a steady step" in " ".join(result.stdout.split())
    (record,) = json.loads(invoke("show", path, cell.id, "--store", root, "--json").stdout)
    assert Record.model_validate_json(json.dumps(record)).cell == cell
    wrong = invoke("show", path, "zzz", "--store", root)
    assert wrong.exit_code == 2 and "no cell has an id that begins with zzz" in wrong.stderr


def test_show_reports_a_torn_file_with_the_fix(stored: tuple[Path, Store]) -> None:
    path, store = stored
    store.record_path(load_matrix(path).cells[0].id).write_text("{")
    result = invoke("show", path, "--store", store.folder.parents[1])
    assert "torn" in result.stdout and "run the matrix again" in " ".join(result.stdout.split())


ONE = """
about: one small cell
protocol: {warmup: 1, steps: 1, timeout_s: 120}
axes: {encoder: joint_test, resolution_px: 32, frames: 4, batch: 1, device: [cpu, 'cuda:63'],
  threads: 1}
"""


def vbench(*arguments: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "vbench_mem", *(str(item) for item in arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_run_measures_then_resumes(write_matrix: Write, tmp_path: Path) -> None:
    path = write_matrix(ONE)
    first = vbench("run", path, "--json", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    cells = json.loads(first.stdout)["cells"]
    assert [cell["status"] for cell in cells] == ["ok", "unsupported"]
    assert "[1/2] ok joint_test device=cpu" in first.stderr
    (folder,) = (tmp_path / "runs" / "small").iterdir()
    assert (folder / "matrix.yaml").read_text() == path.read_text()
    (record,) = [r for r in Store(folder).records().values() if r.status is Status.OK]
    assert record.environment is not None and record.environment.fingerprint == folder.name

    record_file = folder / "records" / f"{record.cell_id}.json"
    before = record_file.stat().st_mtime_ns
    second = vbench("run", path, folder=tmp_path)
    assert second.returncode == 0
    assert "ok joint_test" not in second.stderr
    assert record_file.stat().st_mtime_ns == before
    assert "joint_test device=cpu" in second.stdout and "ok" in second.stdout

    record_file.write_text(record_file.read_text()[:99])
    third = vbench("run", path, "--only", "device=cpu", folder=tmp_path)
    assert third.returncode == 0 and "measured again" in third.stderr
    assert "[1/1] ok" in third.stderr and Store(folder).problems() == []
    assert len(list(folder.glob("records/*.torn-1"))) == 1


def test_ctrl_c_exits_with_130(write_matrix: Write, tmp_path: Path) -> None:
    path = write_matrix(ONE.replace("steps: 1", "steps: 100000"))
    command = [sys.executable, "-m", "vbench_mem", "run", str(path)]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for _ in range(3000):
        if list((tmp_path / "runs").glob("small/*/cells/*.phase")):
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "stopped; results so far are kept; to continue, run it again\n"


def test_a_matrix_may_be_named_and_a_misspelt_one_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "matrices").mkdir()
    (tmp_path / "matrices" / "quick.yaml").write_text(ONE)
    monkeypatch.chdir(tmp_path)
    assert find_matrix("quick") == find_matrix("matrices/quick.yaml")
    with pytest.raises(UsageError, match=r"did you mean quick\?"):
        find_matrix("quik")
    assert complete_matrix("qu") == ["quick"]
    assert complete_matrix("matrices/q") == ["matrices/quick.yaml"]
    assert "quick" in invoke("list", "matrices").stdout


def test_a_shell_completes_encoders_and_recipes() -> None:
    assert "joint_b16" in complete_label("joint_b") and "mask75" in complete_label("mask")


def test_a_bar_fits_80_columns_and_counts_down(
    write_matrix: Write, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    matrix = load_matrix(write_matrix())
    done, todo = [make_record(matrix.cells[0])], list(matrix.cells[1:])
    bars = Bars(matrix, todo, done)
    bars.look_ahead()
    bars.started(todo[0])
    bars.progress.update(bars.one, description=shorten("x" * 99, 80 - REST_COLUMNS))
    with bars.console.capture() as captured:
        bars.console.print(bars.progress.get_renderable())
    lines = captured.get().splitlines()
    assert len(lines) == 2 and max(map(len, lines)) <= 80
    assert "0/7" in lines[0] and "about 10 s left" in lines[0]  # 7 cells like one of 1.5 s
    assert "0 s of about 2 s" in lines[1]
    bars.finished(todo[0], make_record(todo[0]), True)
    assert bars.progress.tasks[bars.whole].completed == 1
    assert "1/7" in bars.progress.tasks[bars.whole].fields["count"]


def test_expected_times_grow_with_the_work(
    make_cell: Callable[..., Cell], make_record: MakeRecord
) -> None:
    small, middle, large = (make_cell(frames=frames) for frames in (4, 8, 16))
    assert expected_seconds([large], []) == {large.id: None}
    one = expected_seconds([large], [make_record(small, wall_s=2.0)])
    assert one == {large.id: 2.0}
    records = [make_record(small, wall_s=2.0), make_record(middle, wall_s=4.0)]
    seconds = expected_seconds([large], records)[large.id]
    assert seconds is not None and 7 < seconds < 12  # a little over linear in the frames
    fixed = [make_record(small, wall_s=4.0), make_record(middle, wall_s=2.0)]
    assert expected_seconds([large], fixed) == {large.id: 3.0}  # noise does not make it negative


def test_an_internal_error_keeps_its_traceback_and_has_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vbench_mem.cli.app", lambda: 1 // 0)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_only_that_matches_nothing_is_refused_before_anything_is_written(
    write_matrix: Callable[..., Path], tmp_path: Path
) -> None:
    matrix = write_matrix()
    result = CliRunner().invoke(
        app, ["run", str(matrix), "--store", str(tmp_path / "s"), "--only", "zz"]
    )
    assert result.exit_code == 2
    assert not (tmp_path / "s").exists()
