"""`fit` on the command line: what it prints and writes, and what it refuses before any work."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.analysis.fit.made import claim
from vbench_mem.analysis.claims import claim as claim_files
from vbench_mem.analysis.claims import memory
from vbench_mem.analysis.claims.claim import Condition
from vbench_mem.cli import app
from vbench_mem.cli.fitting import draw_grid

Write = Callable[..., Path]
MIB = 2**20
ONE = """
about: a small matrix for a test
axes: {encoder: joint_test, recipe: [full, mask75], frames: [4, 8], batch: 2}
"""


def invoke(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(item) for item in arguments])


def test_the_option_list_is_frozen() -> None:
    parameters = typer.main.get_command(app).commands["fit"].params
    names = {
        max(item.opts, key=len) if item.param_type_name == "option" else item.name
        for item in parameters
    }
    options = {"--card", "--only", "--out", "--claims", "--json"}
    assert names - {"--help"} == {"matrix"} | options


def test_the_help_has_an_example_and_fits() -> None:
    result = invoke("fit", "--help")
    assert result.exit_code == 0
    assert "vbench-mem fit paper_long --card 16GiB" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_a_fit_prints_a_table_and_its_progress_and_writes_its_files(
    write_matrix: Write, tmp_path: Path
) -> None:
    out = tmp_path / "a" / "b"
    path = write_matrix(ONE.replace("[4, 8]", "4"))
    result = invoke("fit", path, "--card", "600MiB", "--only", "mask75", "--out", out)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.stdout.splitlines() if str(out) not in line) <= 80
    assert "largest that fits a card of 600.0 MiB" in result.stdout
    assert "[2/2] joint_test+mask75" in result.stderr
    assert {file.name for file in out.iterdir()} == {"fit.csv", "fit.md", "fit.png", "fit.svg"}
    assert "joint_test+mask75" in (out / "fit.csv").read_text()
    assert "\njoint_test," not in (out / "fit.csv").read_text()


def test_the_json_has_every_answer_and_its_memory_limit(write_matrix: Write) -> None:
    path = write_matrix(ONE.replace("[full, mask75]", "full, mode: embed"))
    result = invoke("fit", path, "--card", "2GiB", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    limit = facts["memory_limit"]
    assert limit["bytes"] == 2048 * MIB and limit["target"] == "cuda"
    rows = facts["rows"]
    assert [(row["sought"], row["at_frames"], row["at_batch"]) for row in rows] == [
        *(("frames", None, 2), ("batch", 4, None), ("batch", 8, None)),
    ]
    for row in rows:
        assert row["largest_bytes"] <= 2048 * MIB < row["beyond_bytes"]
    assert facts["files"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit"], "no MATRIX; name one"),
        (["fit", "--claims", "quick"], "leave out MATRIX and --card"),
        (["fit", "--claims", "--card", "16GiB"], "leave out MATRIX and --card"),
        (["fit", "quick", "--card", "h100-08"], "did you mean h100-80?"),
        (["fit", "quick", "--card", "16GB"], "write it like '16 GiB'"),
        (["fit", "quik", "--card", "16GiB"], "did you mean"),
        (["fit", "quick", "--card", "16GiB", "--only", "zz"], "--only zz: no cell of quick"),
        (["fit", "--claims", "--only", "zz"], "--only zz: no claim"),
        (["fit", "quick", "--card", "16GiB", "--out", "/dev/null/x"], "cannot be made"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2_before_any_work(
    arguments: list[str], message: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_matrix_whose_rules_skip_everything_is_refused(write_matrix: Write) -> None:
    rule = "skip: [{when: {batch: 2}, reason: not now}]\n"
    result = invoke("fit", write_matrix(ONE + rule), "--card", "16GiB")
    assert result.exit_code == 2
    assert "skip rules leave no cell" in result.stderr


def test_claims_are_printed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = (claim(low=1.0), claim(name="beyond reason", low=50.0))
    monkeypatch.setattr(claim_files, "read_claims", lambda _: small)
    monkeypatch.setattr(memory, "CONDITIONS", (Condition(batch=4),))
    result = invoke("fit", "--claims", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "at least 50" in result.stdout and "no: " in result.stdout
    assert "beyond reason, batch 4: joint_test+mask75 peaks in" in result.stdout
    assert (tmp_path / "claims.csv").is_file() and (tmp_path / "claims.md").is_file()
    only = invoke("fit", "--claims", "--only", "beyond", "--json")
    rows = json.loads(only.stdout)["rows"]
    assert [(row["claim"], row["verdict"]) for row in rows] == [("beyond reason", "does not hold")]


def test_a_table_wider_than_the_terminal_loses_no_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    heads = ["variant", "checkpoint", *(f"h{place}" for place in range(12))]
    draw_grid(
        "t", (heads, [["joint_b16+mask75_last4", "no", *("9,876" for _ in range(12))]]), left=2
    )
    text = capsys.readouterr().out
    assert text.count("9,876") == 12 and "joint_b16+mask75_last4" in text


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_table_is_as_wide_as_the_terminal_at_most_and_breaks_no_word(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    heads = [
        *("variant", "checkpoint", "most frames at batch 8"),
        *("largest batch at 16 frames", "largest batch at 32 frames"),
    ]
    draw_grid("t", (heads, [["joint_ti16+adapter64", "no", "3,164", "1,585", "792"]]), left=2)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= columns
    for word in ["joint_ti16+adapter64", "checkpoint", "frames", "3,164", "1,585", "792"]:
        assert word in text
    assert ("largest batch at 16 frames" in text) == (columns == 200)
