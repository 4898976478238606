"""`compare` as it is typed: exit codes, 80 columns, JSON, pages, what goes to stderr."""

import json
import re
from pathlib import Path

import pytest

from tests.analysis.compare.made import (
    MIB,
    OTHER,
    commit,
    four,
    invoke,
    of,
    report_of,
    timed,
    two,
)
from tests.rows import oom
from vbench_mem.matrix.load import Matrix


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
        report_of(tmp_path / name, some) for name, some in (("a", records[:2]), ("b", records[2:]))
    )
    nothing = invoke(one, other, "--fail-on", "changed", "--out", tmp_path / "x.html")
    assert nothing.exit_code == 3 and "Nothing to compare" in nothing.stdout
    assert not (tmp_path / "x.html").exists()
    assert "x.html: not written, since A and B have no row" in " ".join(nothing.stderr.split())
    unlike = report_of(tmp_path / "c", [of(each, OTHER) for each in records])
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
    assert "Unchanged rows: 1 equal in every number" in result.stdout
    assert labels[3] not in lines


def test_unlike_machines_show_times_without_a_verdict(tmp_path: Path, matrix: Matrix) -> None:
    before = report_of(tmp_path / "a", four(matrix))
    slow = [of(timed(each.cell, [50.0, 51.0, 52.0]), OTHER) for each in four(matrix)]
    after = report_of(tmp_path / "b", slow)
    result = invoke(before, after, "--unlike-machines", "--fail-on", "slower")
    assert result.exit_code == 0
    assert "Unlike machines: device a card -> another card" in result.stdout
    assert len(re.findall(r"ms/step +11 -> 51 .*not judged", result.stdout)) == 4
    assert "4 not judged (timed on unlike machines)" in result.stdout


def test_json_is_the_whole_model(tmp_path: Path, matrix: Matrix) -> None:
    before, after = two(tmp_path, matrix)
    result = invoke(before, after, "--json", "--fail-on", "worse")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert [row["verdict"] for row in data["rows"]] == ["worse", "worse", "worse", "same"]
    assert data["rows"][0]["ending"] == "worse" and data["rows"][0]["after"]["state"] == "oom"
    (peak,) = [
        each for each in data["rows"][1]["differences"] if each["metric"] == "peak_alloc_bytes"
    ]
    assert (peak["before"], peak["after"], peak["change"]) == (3 * MIB, 5 * MIB, 2 * MIB)
    step = next(each for each in data["rows"][2]["differences"] if each["metric"] == "step_ms")
    assert [band["count"] for band in step["bands"]] == [3, 3]


def test_torn_files_are_reported_on_stderr_and_the_rest_is_compared(
    tmp_path: Path, matrix: Matrix
) -> None:
    before, after = two(tmp_path, matrix)
    torn = next((after / "records").iterdir())
    torn.write_text("{")
    result = invoke(before, after)
    assert result.exit_code == 0
    assert f"{torn}: torn" in result.stderr and result.stderr.count("\n") == 1
    assert f"Rows only in {before}: 1" in " ".join(result.stdout.split())


def test_two_commits_are_compared_by_their_revisions(repository: Path, matrix: Matrix) -> None:
    report_of(repository / "quick", four(matrix))
    first = commit(repository)
    report_of(repository / "quick", four(matrix, peak=4 * MIB))
    commit(repository)
    result = invoke("HEAD~1:quick", "quick", "--fail-on", "worse")
    assert result.exit_code == 1
    assert f"A  HEAD~1:quick ({first}), rows: 4, machine 0123abcd" in result.stdout
    assert "Worse: 4 of 4 rows" in result.stdout
    assert invoke("quick", "HEAD~1:quick", "--fail-on", "worse").exit_code == 0


def test_names_from_files_cannot_move_the_cursor(tmp_path: Path, matrix: Matrix) -> None:
    cells = matrix.cells
    bad = oom(cells[0]).model_copy(update={"reason": "\x1b[2Jgone [red]x[/red]"})
    before, after = (
        report_of(tmp_path / name, some) for name, some in (("a", four(matrix)[:1]), ("b", [bad]))
    )
    result = invoke(before, after)
    assert "\x1b" not in result.stdout and "?[2Jgone [red]x[/red]" in result.stdout
