"""`compare` as it is typed: exit codes, 80 columns, JSON, pages, what goes to stderr."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.analysis.compare.made import (
    MIB,
    OTHER,
    commit,
    four,
    held,
    of,
    old_report,
    report_of,
    run_folder,
    timed,
    with_prediction,
)
from tests.rows import oom
from vbench_mem.cli import app
from vbench_mem.matrix.load import Matrix


def invoke(*arguments: str | Path) -> Result:
    words = [str(item) for item in arguments]
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["compare", *words])


def two(folder: Path, matrix: Matrix) -> tuple[Path, Path]:
    """One row out of memory, one grown, one slower, one the same."""
    cells = matrix.cells
    before = four(matrix)
    before[1] = with_prediction(before[1], held(3 * MIB, video_blocks_mlp=3 * MIB))
    grown = timed(cells[1], [10.0, 11.0, 12.0], 5 * MIB)
    grown = with_prediction(grown, held(5 * MIB, video_blocks_mlp=5 * MIB))
    after = [oom(cells[0]), grown, timed(cells[2], [20.0, 21.0, 22.0]), before[3]]
    return old_report(folder / "before", before), run_folder(folder / "runs", after)


@pytest.mark.parametrize(
    ("fail_on", "code"), [("never", 0), ("worse", 1), ("slower", 1), ("changed", 1)]
)
def test_exit_codes_of_what_got_worse(
    tmp_path: Path, matrix: Matrix, fail_on: str, code: int
) -> None:
    before, after = two(tmp_path, matrix)
    assert invoke(before, after, "--fail-on", fail_on).exit_code == code
    assert invoke(before, before, "--fail-on", fail_on).exit_code == 0


def test_nothing_in_both_is_exit_3_and_bad_input_exit_2(tmp_path: Path, matrix: Matrix) -> None:
    records = four(matrix)
    one, other = (
        old_report(tmp_path / name, some) for name, some in (("a", records[:2]), ("b", records[2:]))
    )
    nothing = invoke(one, other, "--fail-on", "changed", "--out", tmp_path / "x.html")
    assert nothing.exit_code == 3 and "Nothing compares" in nothing.stdout
    assert not (tmp_path / "x.html").exists()
    assert "x.html: not written, since A and B have no row" in " ".join(nothing.stderr.split())
    unlike = old_report(tmp_path / "c", [of(each, OTHER) for each in records])
    for arguments, words in (
        ((one, tmp_path / "nowhere"), "no file or folder"),
        ((one, matrix.path), "neither a run, a report nor a baseline"),
        ((one, one, "--fail-on", "wrose"), "did you mean worse?"),
        ((tmp_path / "nowhere", one, "--out", "x.docx"), "--out x.docx"),
        ((one, unlike), "of unlike machines"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 2 and result.stdout == ""
        assert result.stderr.startswith("error: ") and words in result.stderr
        assert result.stderr.count("\n") == 1


def test_the_worst_is_first_equal_rows_are_counted_and_all_fits_80_columns(
    tmp_path: Path, matrix: Matrix
) -> None:
    before, after = two(tmp_path, matrix)
    result = invoke(before, after)
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80 and "…" not in result.stdout
    labels = [matrix.label(cell) for cell in matrix.cells[:4]]
    places = [lines.index(label.removesuffix(" batch=2")) for label in labels[:3]]
    assert places == sorted(places)
    below = "\n".join(lines[places[0] : places[1]])
    assert "ok -> oom: device out of memory in backward, 3.00 GiB requested" in below
    assert "at the peak grew: video.blocks.mlp activation +2.0 MiB" in result.stdout
    assert re.search(
        r"peak memory +3\.0 MiB -> 5\.0 MiB +\+2\.0 MiB \(\+66\.7 %\) +worse", result.stdout
    )
    assert re.search(r"ms/step +11 -> 21 +\+10 \(\+90\.9 %\) +slower", result.stdout)
    assert "1 row without a change: 1 equal in every number" in result.stdout
    assert labels[3] not in lines


def test_unlike_machines_show_times_without_a_verdict(tmp_path: Path, matrix: Matrix) -> None:
    before = old_report(tmp_path / "a", four(matrix))
    slow = [of(timed(each.cell, [50.0, 51.0, 52.0]), OTHER) for each in four(matrix)]
    after = old_report(tmp_path / "b", slow)
    result = invoke(before, after, "--unlike-machines", "--fail-on", "slower")
    assert result.exit_code == 0
    assert "unlike machines: device a card -> another card" in result.stdout
    assert len(re.findall(r"ms/step +11 -> 51 .*not judged", result.stdout)) == 4
    assert "4 not judged (timed on unlike machines)" in result.stdout


def test_json_is_the_whole_model(tmp_path: Path, matrix: Matrix) -> None:
    before, after = two(tmp_path, matrix)
    result = invoke(before, after, "--json", "--fail-on", "worse")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [row["verdict"] for row in told["rows"]] == ["worse", "worse", "worse", "same"]
    assert told["rows"][0]["ending"] == "worse" and told["rows"][0]["after"]["state"] == "oom"
    (peak,) = [
        each for each in told["rows"][1]["differences"] if each["metric"] == "peak_alloc_bytes"
    ]
    assert (peak["before"], peak["after"], peak["change"]) == (3 * MIB, 5 * MIB, 2 * MIB)
    step = next(each for each in told["rows"][2]["differences"] if each["metric"] == "step_ms")
    assert [band["count"] for band in step["bands"]] == [3, 3]


def test_torn_files_are_told_on_stderr_and_what_remains_is_compared(
    tmp_path: Path, matrix: Matrix
) -> None:
    before, after = two(tmp_path, matrix)
    torn = next((after / "records").iterdir())
    torn.write_text("{")
    result = invoke(before, after)
    assert result.exit_code == 0
    assert f"{torn}: torn" in result.stderr and result.stderr.count("\n") == 1
    assert f"only in {before}: 1 row" in " ".join(result.stdout.split())


def test_two_commits_are_compared_by_their_revisions(repository: Path, matrix: Matrix) -> None:
    report_of(repository / "quick", four(matrix))
    first = commit(repository)
    report_of(repository / "quick", four(matrix, peak=4 * MIB))
    commit(repository)
    result = invoke("HEAD~1:quick", "quick", "--fail-on", "worse")
    assert result.exit_code == 1
    assert f"A  HEAD~1:quick ({first}), 4 rows, machine 0123abcd" in result.stdout
    assert "4 of 4 rows got worse" in result.stdout
    assert invoke("quick", "HEAD~1:quick", "--fail-on", "worse").exit_code == 0


def test_names_from_files_cannot_move_the_cursor(tmp_path: Path, matrix: Matrix) -> None:
    cells = matrix.cells
    bad = oom(cells[0]).model_copy(update={"reason": "\x1b[2Jgone [red]x[/red]"})
    before, after = (
        old_report(tmp_path / name, some) for name, some in (("a", four(matrix)[:1]), ("b", [bad]))
    )
    result = invoke(before, after)
    assert "\x1b" not in result.stdout and "?[2Jgone [red]x[/red]" in result.stdout
