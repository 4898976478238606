"""What comes seldom: hostile baselines, numbers of one side, rows that all end otherwise."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.analysis.compare.made import (
    MIB,
    baseline_of,
    compared,
    held,
    report_of,
    timed,
)
from tests.report.made import trained_matrix
from tests.rows import ok, oom, result, trained
from vbench_mem.analysis.compare.bands import numbers
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.compare.recalls import recalls_of
from vbench_mem.analysis.compare.result import Comparison, compare
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.load import Matrix
from vbench_mem.report.comparison.page import write_page
from vbench_mem.report.comparison.picture import strip_of
from vbench_mem.report.comparison.terminal import draw
from vbench_mem.report.comparison.wording import facts, unchanged_facts

DEEP = "[" * 100_000
STEPS = [10.0, 11.0, 12.0]


def shown(comparison: Comparison, width: int) -> list[str]:
    text = io.StringIO()
    draw(comparison, Console(file=text, width=width, highlight=False, emoji=False))
    return text.getvalue().splitlines()


def edited(path: Path, **metrics: Any) -> Path:
    """The baseline with other numbers of its first cell, by somebody's hand."""
    data = json.loads(path.read_text())
    next(iter(data["cells"].values()))["metrics"] |= metrics
    path.write_text(json.dumps(data))
    return path


def test_a_page_of_a_baseline_with_control_characters_in_its_names_is_written(
    tmp_path: Path,
) -> None:
    name = "\x1b[31m\x07joint"
    sides = [
        read_side(str(baseline_of(tmp_path / f"{size}.json", {name: held(size)})))
        for size in (100, 200)
    ]
    with pytest.warns(UserWarning, match="Glyph"):  # a font has no such letter
        page, *_ = write_page(compare(*sides), tmp_path / "page.html")
    assert "joint" in page.read_text() and "\x1b" not in page.read_text()


def test_a_cell_without_a_name_in_a_baseline_is_a_users_mistake(tmp_path: Path) -> None:
    path = baseline_of(tmp_path / "a.json", {" ": held(100), "b": held(100)})
    with pytest.raises(UsageError, match=r"a\.json: a cell has no name"):
        read_side(str(path))


def test_a_number_that_no_machine_has_is_left_out(tmp_path: Path) -> None:
    before = baseline_of(tmp_path / "a.json", {"x": held(100)})
    after = baseline_of(tmp_path / "b.json", {"x": held(100)})
    huge = edited(after, predicted_peak_bytes=10**400)
    found = compare(read_side(str(before)), read_side(str(huge)))
    assert found.unshared() == (["predicted_peak_bytes"], [])
    assert not found.rows[0].differences


def test_a_record_with_such_a_number_is_not_compared(tmp_path: Path, matrix: Matrix) -> None:
    folder = report_of(tmp_path, [ok(cell) for cell in matrix.cells[:2]])
    path = folder / "records" / f"{matrix.cells[0].id}.json"
    record = json.loads(path.read_text())
    record["metrics"]["params"] = 10**400
    path.write_text(json.dumps(record))
    side = read_side(str(folder))
    assert list(side.items) == [matrix.cells[1].id]
    assert "not a record" in side.problems[0]


def test_files_of_brackets_without_an_end_are_torn(tmp_path: Path, matrix: Matrix) -> None:
    folder = report_of(tmp_path / "report", [ok(matrix.cells[0])])
    (folder / "records" / "a.json").write_text(DEEP)
    (folder / "predictions" / "b.json").write_text(DEEP)
    side = read_side(str(folder))
    assert len(side.items) == 1
    assert ["torn (" in problem for problem in side.problems] == [True, True]
    (tmp_path / "c.json").write_text(DEEP)
    with pytest.raises(UsageError, match=r"c\.json: neither a run"):
        read_side(str(tmp_path / "c.json"))


def test_a_number_that_one_side_lacks_is_not_called_equal(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    found = compared(tmp_path, [ok(cell, 3 * MIB, params=5)], [ok(cell, None, params=5)])
    equal = "1 of 1 rows: endings and all numbers that both sides have"
    assert facts(found) == [("Equal", equal)]
    (unchanged,) = unchanged_facts(found)
    assert unchanged == ("Unchanged rows", "1 equal in every number that both sides have")


def test_rows_that_all_end_otherwise_are_drawn_without_a_dot(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    partly = oom(cell).model_copy(update={"metrics": {"peak_alloc_bytes": 2 * MIB}})
    found = compared(tmp_path, [timed(cell, STEPS)], [partly])
    strip = strip_of(found.rows[0])
    assert (strip.ending, strip.memory, strip.time) == ("ok -> oom", None, None)
    assert len(write_page(found, tmp_path / "page.html")) == 3


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_verdict_is_whole_on_a_narrow_terminal(
    width: int, tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    slow = timed(cell, [20.0, 21.0, 22.0], 4 * MIB)
    lines = shown(compared(tmp_path, [timed(cell, STEPS)], [slow]), width)
    assert max(map(len, lines)) <= width
    below = [line.split()[-1:] for line in lines[lines.index("joint_test") :]]
    assert [last for last in below if last in (["worse"], ["slower"])] == [["worse"], ["slower"]]


def test_what_grows_from_nothing_is_listed_first(tmp_path: Path) -> None:
    sides = []
    for number, size in ((0, 0), (1, 100)):
        made = {"a": held(100 + number), "b": held(100)}
        path = baseline_of(tmp_path / f"{number}.json", made)
        data = json.loads(path.read_text())
        data["cells"]["b"]["metrics"]["predicted_embed_peak_bytes"] = size
        path.write_text(json.dumps(data))
        sides.append(read_side(str(path)))
    assert [row.label for row in compare(*sides).rows] == ["b", "a"]


@pytest.mark.parametrize("broken", [float("nan"), 10**400], ids=["nan", "huge"])
def test_a_recall_that_is_no_number_is_none(broken: float, tmp_path: Path) -> None:
    cell = trained_matrix(tmp_path, ("joint_test",)).accuracy.cells[0]  # type: ignore[union-attr]
    bad = result(0.5, "generated-spatial")
    bad["evaluation"]["t2v"]["metrics"]["recall_at_1"] = broken
    found = recalls_of(trained(cell, result(0.5), bad)).values()
    assert {recall for _, recall in found} <= {0.5}
    assert numbers([1.0, broken]) == []


def test_a_report_of_one_row_compares_with_itself(tmp_path: Path, matrix: Matrix) -> None:
    side = read_side(str(report_of(tmp_path / "a", [timed(matrix.cells[0], STEPS)])))
    assert compare(side, side).is_equal
