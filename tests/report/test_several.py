"""Reports of several matrices and of predictions alone, from the command line."""

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.report.commands import LIMIT, invoke, keep, own_store
from tests.rows import TEXT, matrix_of, ok, score
from vbench_mem.base.metrics import METRICS
from vbench_mem.report.build import prefixes_of
from vbench_mem.running.store import Store

SMALL = "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2}\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--card", "16GiB"), "--card is for predictions; add --predicted, or leave it out"),
        (("--predicted", "--machine", "01"), "--machine chooses records, but --predicted reads"),
        (("second",), "a report of several matrices needs --out DIR"),
    ],
)
def test_options_that_contradict_are_refused_before_any_work(
    options: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    matrix = matrix_of(tmp_path, SMALL)
    result = invoke("report", matrix.path, *options, "--store", tmp_path / "runs")
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_a_predicted_report_needs_no_run_and_leaves_no_record(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, SMALL + LIMIT)
    out = tmp_path / "out"
    result = invoke(
        *("report", matrix.path, "--predicted", "--card", "16GiB", "--out", out, "--json")
    )
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert [row["status"] for row in data["rows"]] == ["predicted", "predicted"]
    assert all(row["metrics"]["predicted_process_bytes"] > 0 for row in data["rows"])
    assert [verdict["outcome"] for verdict in data["verdicts"]] == ["pass", "pass"]
    assert not (out / "records").exists()
    for cell in matrix.cells:
        stored = json.loads((out / "predictions" / f"{cell.id}.json").read_text())
        assert stored["cell_id"] == cell.id and stored["prediction"]["target"] == "cuda"
    assert "Nothing was measured" in (out / "report.html").read_text()


def test_of_several_matrices_each_is_a_chapter_with_files_of_its_own(tmp_path: Path) -> None:
    root, out = tmp_path / "runs", tmp_path / "out"
    for name in ("first", "second"):
        matrix = matrix_of(tmp_path, TEXT, name)
        keep(own_store(root, matrix), matrix, *(ok(cell) for cell in matrix.cells))
    paths = (tmp_path / "first.yaml", tmp_path / "second.yaml")
    named = ("--title", "Two of them")
    result = invoke("report", *paths, "--store", root, "--out", out, "--json", *named)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert [chapter["matrix"] for chapter in data["chapters"]] == ["first", "second"]
    for name in ("first", "second"):
        for file in (f"{name}-table.csv", f"{name}-table.parquet", f"{name}-matrix.yaml"):
            assert (out / file).is_file() and file in data["files"]
        assert (out / "figures" / f"{name}-memory_frames.svg").is_file()
    page = (out / "report.html").read_text()
    assert page.count("Definitions") >= 1
    assert page.index(">first<") < page.index(">second<")
    assert "<h1>Two of them</h1>" in page


def test_matrices_whose_files_would_have_one_name_are_refused_before_any_work(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    one, other = (matrix_of(at, SMALL, "a b") for at in (tmp_path, tmp_path / "other"))
    out = tmp_path / "out"
    result = invoke("report", one.path, other.path, "--predicted", "--out", out)
    assert result.exit_code == 2
    assert "would have the same files, a-b-table.csv and others" in " ".join(result.stderr.split())
    assert not out.exists()


def test_any_name_of_a_file_becomes_one_fit_for_files_and_anchors() -> None:
    names = ['a "50%" <b>', "paper_long", "\N{GREEK SMALL LETTER MU}", "#!"]
    expected = ["a-50-b-", "paper_long-", "\N{GREEK SMALL LETTER MU}-", "matrix-"]
    assert prefixes_of(names) == expected
    assert prefixes_of(names[:1]) == [""]


def test_links_of_markdown_lead_to_files_that_are_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = [matrix_of(tmp_path, SMALL, name).path for name in ("first 1%", "second#")]
    assert invoke("report", *paths, "--predicted", "--out", out).exit_code == 0
    links = re.findall(r"\]\(([^)]+)\)", (out / "report.md").read_text())
    assert len(links) > 6
    assert [link for link in links if not (out / link).is_file()] == []
    page = (out / "report.html").read_text()
    anchors = set(re.findall(r' href="#([^"]+)"', page))
    assert "first-1-chapter" in anchors
    assert anchors <= set(re.findall(r' id="([^"]+)"', page))


def test_a_report_never_lies_among_the_records_of_runs(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, SMALL)
    root = tmp_path / "runs"
    store = own_store(root, matrix)
    keep(store, matrix, *map(ok, matrix.cells))
    for out in (store.folder, root / matrix.name / "mine"):
        result = invoke("report", matrix.path, "--store", root, "--out", out)
        assert result.exit_code == 2
        assert "choose another folder with --out" in " ".join(result.stderr.split())
    assert [path.name for path in (root / matrix.name).iterdir()] == [store.fingerprint]
    assert not (store.folder / "report.html").exists()


def test_scores_that_were_typed_are_in_what_does_it_again(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, SMALL)
    root, out = tmp_path / "runs", tmp_path / "out"
    keep(own_store(root, matrix), matrix, *map(ok, matrix.cells))
    for more in ((), ("--predicted",)):
        command = ("report", matrix.path, "--scores", "reference", "--store", root, "--out", out)
        assert invoke(*command, *more).exit_code == 0
        again = (out / "report.md").read_text().partition("Commands")[2]
        assert "--scores reference" in again


def test_the_header_of_several_predicted_matrices_names_the_rules_of_each(tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = [
        matrix_of(tmp_path, SMALL.replace("}", f", device: {kind}}}"), kind).path
        for kind in ("cpu", "cuda")
    ]
    assert invoke("report", *paths, "--predicted", "--title", " ", "--out", out).exit_code == 0
    title, _, about, *_ = (out / "report.md").read_text().splitlines()
    assert title == "# cpu and 1 more"
    assert "by the rules of cpu" in about and "by the rules of cuda" in about


def test_a_figure_that_cannot_be_drawn_any_more_leaves_no_file(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, TEXT)
    root, out = tmp_path / "runs", tmp_path / "out"
    keep(own_store(root, matrix), matrix, *map(ok, matrix.cells))
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps([score().model_dump()]))
    command = ("report", matrix.path, "--store", root, "--out", out)
    assert invoke(*command, "--scores", scores).exit_code == 0
    assert (out / "figures" / "memory_recall.png").is_file()
    assert invoke(*command).exit_code == 0
    assert not [*(out / "figures").glob("memory_recall.*")]
    assert (out / "figures" / "memory_frames.png").is_file()


def test_runs_of_unlike_machines_never_meet_in_one_report(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for name, machine in (("first", "0123abcd"), ("second", "4567cdef")):
        matrix = matrix_of(tmp_path, TEXT, name)
        keep(Store(root / name / machine), matrix, *(ok(cell) for cell in matrix.cells))
    paths = (tmp_path / "first.yaml", tmp_path / "second.yaml")
    result = invoke("report", *paths, "--store", root, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "different machines (0123abcd, 4567cdef)" in " ".join(result.stderr.split())


def test_parquet_has_the_table_with_types_and_units(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, SMALL)
    root, out = tmp_path / "runs", tmp_path / "out"
    keep(own_store(root, matrix), matrix, *(ok(cell, 3 * 2**30) for cell in matrix.cells))
    assert invoke("report", matrix.path, "--store", root, "--out", out).exit_code == 0
    read = pd.read_parquet(out / "table.parquet", dtype_backend="numpy_nullable")
    written = pd.read_csv(out / "table.csv", dtype_backend="numpy_nullable")
    assert list(read.columns) == list(written.columns)
    assert read["peak_alloc_bytes"].tolist() == [3 * 2**30, 3 * 2**30]
    assert str(read["peak_alloc_bytes"].dtype) == "Int64"
    field = pq.read_schema(out / "table.parquet").field("peak_alloc_bytes")
    assert field.metadata[b"unit"] == b"bytes"
    assert field.metadata[b"meaning"].decode() == METRICS["peak_alloc_bytes"].meaning


def test_a_matrix_of_the_same_name_never_writes_over_the_report_of_another(
    tmp_path: Path,
) -> None:
    root = tmp_path / "runs"
    matrix = matrix_of(tmp_path, SMALL)
    store = own_store(root, matrix)
    keep(store, matrix, *(ok(cell) for cell in matrix.cells))
    assert invoke("report", matrix.path, "--store", root).exit_code == 0
    before = (store.folder / "report" / "table.csv").read_bytes()
    (tmp_path / "b").mkdir()
    other = matrix_of(tmp_path / "b", SMALL.replace("batch: 2", "batch: 4"))
    result = invoke("report", other.path, "--store", root)
    assert result.exit_code == 2
    assert "no record is of a cell of" in result.stderr
    assert (store.folder / "report" / "table.csv").read_bytes() == before


def test_a_report_on_the_terminal_tells_of_broken_budgets(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    matrix = matrix_of(tmp_path, SMALL + LIMIT)
    keep(own_store(root, matrix), matrix, *(ok(cell, 5 * 2**30) for cell in matrix.cells))
    result = invoke("report", matrix.path, "--store", root)
    assert result.exit_code == 0
    assert "Failed budgets: 2 of 2" in result.stdout
