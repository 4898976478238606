"""A comparison as a document and as files: the summary first, every number once, hostile names."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.compare.made import (
    MIB,
    compared,
    four,
    held,
    invoke,
    of,
    timed,
    two,
    with_prediction,
)
from tests.report.sample import HOSTILE
from tests.rows import MACHINE, oom
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.compare.result import Comparison, compare
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.load import Matrix
from vbench_mem.report.comparison.document import document_of
from vbench_mem.report.comparison.page import write_page
from vbench_mem.report.comparison.picture import MOST, plan
from vbench_mem.report.document import Document, Field, Fold, Summary, Table, text_of
from vbench_mem.report.draw.dispatch import draw


@pytest.fixture
def found(tmp_path: Path, matrix: Matrix) -> Comparison:
    return compare(*(read_side(str(folder)) for folder in two(tmp_path, matrix)))


def tables(document: Document) -> dict[str, Table]:
    return {block.name: block for block in document.blocks() if isinstance(block, Table)}


def texts(fields: tuple[Field, ...]) -> list[str]:
    return [field.text for field in fields]


def test_the_summary_is_first_and_starts_with_what_is_worse(found: Comparison) -> None:
    document = document_of(found)
    (summary,) = [block for block in document.blocks() if isinstance(block, Summary)]
    assert document.sections[0].anchor == "answer" and summary in document.sections[0].blocks
    assert summary.facts == (
        ("Worse", "2 of 4 rows, first joint_test frames=4 (ok -> oom)"),
        ("Step time", "1 slower"),
        ("Unchanged rows", "1 equal in every number"),
    )


def test_every_difference_is_in_a_table_once(found: Comparison) -> None:
    document = document_of(found)
    every = sum(len(row.differences) for row in found.rows)
    named = tables(document)
    rows = [row for name in ("changed", "unjudged") if name in named for row in named[name].rows]
    assert len(rows) == every and len({tuple(texts(row)) for row in rows}) == every
    assert named["changed"].is_browsed
    first = next(iter(named["changed"].rows))
    assert texts(first)[1:] == ["peak memory", "worse", "+2.0 MiB (+66.7 %)", "3.0 MiB", "5.0 MiB"]
    assert [first[place].value for place in (4, 5)] == [3 * MIB, 5 * MIB]
    assert first[3].value == pytest.approx(2 / 3)
    folds = [block for block in document.blocks() if isinstance(block, Fold)]
    assert not any("changed" in fold.summary for fold in folds)


def test_both_machines_stand_side_by_side_and_what_is_the_same_is_folded(
    tmp_path: Path, matrix: Matrix
) -> None:
    newer = MACHINE.model_copy(update={"packages": {"torch": "9.10"}})
    before, after = four(matrix), [of(each, newer) for each in four(matrix)]
    made = document_of(compared(tmp_path, before, after))
    rows = [texts(row) for row in tables(made)["differing"].rows]
    assert rows == [["torch", "9.9", "9.10"]]
    assert all(row[1] != row[2] for row in rows)
    (fold,) = [b for b in made.blocks() if isinstance(b, Fold) and "same on both" in b.summary]
    (same,) = fold.blocks
    assert isinstance(same, Table)
    assert all(row[1] == row[2] for row in map(texts, same.rows))


def test_rows_of_one_side_are_listed_with_their_side(tmp_path: Path, matrix: Matrix) -> None:
    records = four(matrix)
    comparison = compared(tmp_path, records[:3], records[1:])
    rows = [texts(row)[:3] for row in tables(document_of(comparison))["alone"].rows]
    assert rows == [
        ["A", "joint_test frames=4", "ok"],
        ["B", "joint_test+mask75 frames=8", "ok"],
    ]


def test_equal_sides_have_no_figure_and_no_table_of_changes(tmp_path: Path, matrix: Matrix) -> None:
    comparison = compared(tmp_path, four(matrix), four(matrix))
    assert plan(comparison).skipped == "memory and times are the same"
    assert "changed" not in tables(document_of(comparison))


def test_the_figure_has_a_mark_for_each_number_and_the_worst_row_on_top(
    found: Comparison,
) -> None:
    planned = plan(found)
    sheet = draw(planned)
    memory, time = sheet.axes
    assert memory.get_xlabel() == "peak memory, % of A (left is better)"
    assert time.get_xlabel() == "step time, % of A (left is better)"
    labels = [text.get_text() for text in memory.get_yticklabels()]
    assert labels == [row.label for row in found.rows]
    endings = [text for text in memory.texts if text.get_text() == "ok -> oom"]
    assert [text.xy[1] for text in endings] == [0]
    assert memory.yaxis_inverted()
    (grown,) = [line for line in memory.lines if line.get_marker() == "^"]
    assert list(grown.get_xdata()) == [pytest.approx(100 * 2 / 3)]
    (slower,) = [line for line in time.lines if line.get_marker() == "^"]
    assert list(slower.get_xdata()) == [pytest.approx(100 * 10 / 11)]
    marks = [mark for some in sheet.tips.values() for mark in some]
    assert len(marks) == 2 * (len(labels) - 1)
    assert ("verdict", "slower") in {fact for mark in marks for fact in mark.facts}


def test_a_figure_of_many_rows_draws_the_first_and_counts_the_rest(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    cells = [replace(cell, load=replace(cell.load, batch=number)) for number in range(1, MOST + 4)]
    before = [timed(each, [10.0, 11.0, 12.0], 100 + each.load.batch) for each in cells]
    after = [timed(each, [10.0, 11.0, 12.0], 200) for each in cells]
    planned = plan(compared(tmp_path, before, after))
    assert "Rows not drawn: 3" in planned.caption
    (memory,) = draw(planned).axes
    assert memory.get_yticklabels()[0].get_text() == "joint_test batch=1"
    assert len(memory.get_yticklabels()) == MOST


def test_a_page_is_one_file_that_says_the_answer(tmp_path: Path, matrix: Matrix) -> None:
    before, after = two(tmp_path, matrix)
    out = tmp_path / "new" / "what changed.html"
    result = invoke(before, after, "--out", out)
    assert result.exit_code == 0
    text = out.read_text()
    assert "2 of 4 rows" in text and "<svg" in text
    written = {path.relative_to(out.parent).as_posix() for path in out.parent.rglob("*.*")}
    assert written == {
        out.name,
        "figures/what_changed_changes.svg",
        "figures/what_changed_changes.png",
    }
    assert "what_changed_changes.svg" in text
    assert all(name in result.stdout.replace("\n", "") for name in written)


def test_a_pdf_is_alone(tmp_path: Path, matrix: Matrix) -> None:
    pytest.importorskip("typst")
    before, after = two(tmp_path, matrix)
    (tmp_path / "new").mkdir()
    assert invoke(before, after, "--out", tmp_path / "new" / "x.pdf").exit_code == 0
    (only,) = (tmp_path / "new").iterdir()
    assert only.read_bytes().startswith(b"%PDF")


def test_hostile_names_stay_text(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    bad = oom(cell).model_copy(update={"reason": HOSTILE})
    modules = {HOSTILE: {"activation": 5 * MIB}}
    old = with_prediction(timed(matrix.cells[1], [1.0, 2.0, 3.0]), held(MIB))
    new = with_prediction(old, replace(held(6 * MIB), modules=modules))
    comparison = compared(tmp_path, [timed(cell, [1.0, 2.0, 3.0]), old], [bad, new])
    lines = [
        text_of(item)
        for block in document_of(comparison).blocks()
        for item in getattr(block, "items", ())
    ]
    assert any(HOSTILE in line for line in lines)
    write_page(comparison, tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text()
    assert '<script>alert("x")' not in text and "&lt;script&gt;alert" in text


def test_a_folder_that_cannot_be_written_is_a_users_mistake(
    tmp_path: Path, found: Comparison
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written to.*--out"):
        write_page(found, tmp_path / "file" / "x.html")


def test_out_is_refused_before_any_work(tmp_path: Path) -> None:
    result = invoke("nowhere", "nowhere", "--out", tmp_path / "x.txt")
    assert result.exit_code == 2 and ".html, .pdf, .md" in result.stderr
