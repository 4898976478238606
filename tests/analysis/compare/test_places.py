"""Where the two sides may lie, and which files in them are trusted."""

import json
import shutil
from pathlib import Path

import pytest

from tests.analysis.compare.made import (
    OTHER,
    baseline_of,
    commit,
    four,
    git,
    held,
    of,
    report_of,
    run_folder,
)
from vbench_mem.analysis.compare import git as program
from vbench_mem.analysis.compare import reading
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.load import Matrix


def refused(text: str) -> str:
    with pytest.raises(UsageError) as error:
        read_side(text)
    assert text in str(error.value)
    return str(error.value)


def test_a_run_a_matrix_folder_and_a_report_have_the_same_rows(
    tmp_path: Path, matrix: Matrix
) -> None:
    records = four(matrix)
    run = run_folder(tmp_path / "runs", records)
    places = [run, run.parent, report_of(tmp_path / "report", records)]
    sides = [read_side(str(place)) for place in places]
    for side in sides:
        assert side.items == sides[0].items and len(side.items) == 4 and not side.problems


def test_of_several_machines_the_own_one_is_read_else_one_must_be_named(
    tmp_path: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = four(matrix)
    run = run_folder(tmp_path, records[:1])
    run_folder(tmp_path, [of(record, OTHER) for record in records], OTHER.fingerprint)
    message = refused(str(run.parent))
    assert "0123abcd, 89abcdef" in message and f"such as {run}" in message
    monkeypatch.setattr(reading, "read_environment", lambda _: OTHER)
    assert read_side(str(run.parent)).fingerprint == OTHER.fingerprint


@pytest.mark.parametrize("kind", ["run", "report", "predicted"])
def test_a_folder_of_runs_or_reports_is_read_as_its_only_one_on_disk_and_in_git(
    kind: str, repository: Path, tmp_path: Path, matrix: Matrix
) -> None:
    records, (first, *_) = four(matrix), matrix.cells

    def make(name: str) -> Path:
        folder = repository / "all" / name
        if kind == "run":
            return run_folder(tmp_path / "runs", records, name).rename(folder)
        if kind == "report":
            return report_of(folder, records)
        report_of(folder, [], (first, held(100)))
        (folder / "records").rmdir()
        return folder

    (repository / "all").mkdir()
    own = make("one")
    (repository / "all" / "notes.txt").write_text("beside it")
    commit(repository)
    for text in (str(own.parent), "all", "HEAD:all"):
        side = read_side(text)
        assert side.items == read_side(str(own)).items and side.items and not side.problems
    make("two")
    commit(repository)
    for text in (str(own.parent), "HEAD:all"):
        told = refused(text)
        assert f"{text}: 2 runs or reports (one, two)" in told and f"such as {text}/one" in told


def test_predictions_of_a_report_go_before_what_a_record_holds(
    tmp_path: Path, matrix: Matrix
) -> None:
    first, second = matrix.cells[:2]
    (record, *_) = four(matrix, predicted_peak_bytes=7)
    folder = report_of(tmp_path, [record], (first, held(100)), (second, held(200)))
    items = read_side(str(folder)).items
    assert [items[cell.id].metrics["predicted_peak_bytes"] for cell in (first, second)] == [
        100,
        200,
    ]
    assert (items[first.id].state, items[second.id].state) == ("ok", "predicted")


def test_torn_foreign_and_renamed_files_are_reported_and_never_compared(
    tmp_path: Path, matrix: Matrix
) -> None:
    records = four(matrix)
    run = run_folder(tmp_path, records[:2])
    torn, foreign, renamed = (run / "records" / f"{n:016x}.json" for n in (1, 2, 3))
    torn.write_text('{"schema_version": 1, "cell')
    foreign.write_text(records[2].model_dump_json())
    other = of(records[3], OTHER)
    (run / "records" / f"{other.cell_id}.json").write_text(other.model_dump_json())
    renamed.write_text('{"schema_version": 7}')
    (run / "records" / ".hidden.json").write_text("{")
    (run / "predictions").mkdir()
    (run / "predictions" / f"{4:016x}.json").write_text(json.dumps({"cell": {}}))
    side = read_side(str(run))
    assert list(side.items) == [record.cell_id for record in sorted(records[:2], key=key)]
    message = "\n".join(side.problems)
    for words in (
        "torn (",
        "is the record of another cell",
        "another machine (89abcdef",
        "schema version 7",
    ):
        assert message.count(words) == 1, message
    assert len(side.problems) == 5


def test_a_prediction_of_another_cell_than_its_name_says_is_not_compared(
    tmp_path: Path, matrix: Matrix
) -> None:
    one, other = matrix.cells[:2]
    folder = report_of(tmp_path, [], (one, held(100)), (other, held(200)))
    files = [folder / "predictions" / f"{cell.id}.json" for cell in (one, other)]
    files[0].write_text(files[1].read_text())
    side = read_side(str(folder))
    assert list(side.items) == [other.id]
    assert f"foreign, the cell inside it is {other.id}" in side.problems[0]


def key(record: object) -> str:
    return str(record.cell_id)  # type: ignore[attr-defined]


def test_of_records_without_a_machine_in_their_folder_those_of_most_are_taken(
    tmp_path: Path, matrix: Matrix
) -> None:
    records = four(matrix)
    folder = report_of(tmp_path, [of(records[0], OTHER), *records[1:]])
    side = read_side(str(folder))
    assert len(side.items) == 3 and side.fingerprint == "0123abcd"
    (problem,) = side.problems
    assert f"{records[0].cell_id}.json: is from another machine" in problem


def test_nothing_to_compare_is_a_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no records, predictions or baseline" in refused(str(tmp_path / "empty"))
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.json").write_text("{")
    assert "no file can be used" in refused(str(tmp_path))
    (tmp_path / "x.json").write_text("[]")
    assert "neither a run, a report nor a baseline" in refused(str(tmp_path / "x.json"))
    assert "REVISION:PATH" in refused(str(tmp_path / "nowhere"))
    assert "REVISION:PATH" in refused("x" * 5000)  # longer than a name may be


def test_a_revision_is_read_without_a_checkout(repository: Path, matrix: Matrix) -> None:
    before, after = four(matrix, peak=100), four(matrix, peak=200)
    report_of(repository / "reports" / "quick", before)
    first = commit(repository)
    report_of(repository / "reports" / "quick", after)
    second = commit(repository)
    git(repository, "tag", "v1.2")
    shutil.rmtree(repository / "reports")
    old, new = read_side("HEAD~1:reports/quick"), read_side("v1.2:reports/quick/")
    peaks = [{item.metrics["peak_alloc_bytes"] for item in s.items.values()} for s in (old, new)]
    assert peaks == [{100}, {200}] and not old.problems and not new.problems
    assert (old.commit, new.commit) == (first, second)
    assert old.title == f"HEAD~1:reports/quick ({first})"
    assert list(read_side(f"{first}:reports").items) == list(old.items)  # the only report there
    assert git(repository, "status", "--porcelain").count("D reports/quick/records/") == 4


def test_a_baseline_of_a_revision_and_a_path_from_here(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "matrices").mkdir()
    baseline_of(repository / "matrices" / "gate.json", {"a frames=4": held(10)})
    commit(repository)
    monkeypatch.chdir(repository / "matrices")
    for text in ("HEAD:matrices/gate.json", "HEAD:./gate.json"):
        side = read_side(text)
        assert list(side.items) == ["a frames=4"] and side.torch == "9.9"


def test_a_folder_is_read_from_inside_the_repository_too(
    repository: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_of(repository / "reports" / "quick", four(matrix))
    commit(repository)
    monkeypatch.chdir(repository / "reports")
    for text in ("HEAD:reports/quick", "HEAD:./quick", "HEAD:reports"):
        assert len(read_side(text).items) == 4


def test_names_that_git_would_quote_are_read_and_links_are_not(
    repository: Path, matrix: Matrix
) -> None:
    report_of(repository / 'a "quoted" \n näme', four(matrix))
    link = repository / 'a "quoted" \n näme' / "records" / f"{1:016x}.json"
    link.symlink_to("/etc/hostname")
    commit(repository)
    side = read_side('HEAD:a "quoted" \n näme')
    assert len(side.items) == 4 and not side.problems


def test_errors_of_git_say_what_to_do(
    repository: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report_of(repository / "reports" / "quick", four(matrix))
    (repository / "code").mkdir()
    (repository / "code" / "a.py").write_text("")
    commit(repository)
    assert "no revision called 'HAED'" in refused("HAED:reports/quick")
    assert "no revision called '--help'" in refused("--help:reports/quick")
    assert "did you mean reports/quick?" in refused("HEAD:reports/quikc")
    assert "did you mean reports/quick?" in refused("HEAD:repotrs/quick")
    assert "no records, predictions or baseline" in refused("HEAD:code")
    assert "write it like HEAD:reports" in refused(":reports")
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert "in no git repository" in refused("HEAD:reports/quick")
    monkeypatch.setenv("PATH", "")
    assert "the git program was not found" in refused("HEAD:reports/quick")


def test_a_git_that_does_not_answer_is_given_up(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "TIMEOUT_S", 0)
    assert "git failed" in refused("HEAD:x")


def test_a_file_that_is_there_goes_before_a_revision(repository: Path, matrix: Matrix) -> None:
    report_of(repository / "HEAD:reports", four(matrix))
    assert read_side("HEAD:reports").commit is None
