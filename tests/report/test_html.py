"""The page: offline, escaped, in order, and with every row, gap and verdict in it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.rows import MACHINE, joined_of, matrix_of, ok, pick
from vbench_mem.budgets.judge import judge
from vbench_mem.join import Joined
from vbench_mem.report.answer import answer
from vbench_mem.report.html import render
from vbench_mem.report.illustrate import illustrate, plans

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Tags that were not closed, ids, headings and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(attrs)

    def note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def text(joined: Joined, tmp_path: Path) -> str:
    verdicts = judge(joined.matrix.budgets, joined)
    return render(joined, verdicts, illustrate(plans(joined), tmp_path), MACHINE)


def test_the_page_needs_no_network(text: str) -> None:
    page = Page(text)
    assert page.open == []
    assert all(link.startswith("#") for link in page.links)
    assert "<script" not in text
    assert "url(http" not in text
    assert not re.search(r"@import|<link", text)


def test_ids_of_two_figures_do_not_meet(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids)) > 10
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_what_comes_from_files_is_escaped(text: str) -> None:
    assert "<masking>" not in text
    assert "&lt;masking&gt;" in text
    assert "<paper>" not in text


def test_the_parts_come_in_the_order_of_interest(text: str) -> None:
    parts = ["Question and answer", "Trade-off", "Table", "Budgets", "Failures and gaps"]
    parts += ["Scores without a row", "How each number is defined", "Machine, versions, matrix"]
    places = [text.index(f"<h2>{part}") for part in parts]
    assert places == sorted(places)


def test_nothing_is_dropped(text: str, joined: Joined) -> None:
    words = " ".join(" ".join(Page(text).words).split())
    for row in joined.rows:
        assert row.cell.id in text or row.is_ok
    assert "device out of memory in backward, 3.00 GiB asked" in words
    assert "out of memory already with frames=8 batch=2" in words
    assert "not asked" in words
    assert "external:Other" in words
    assert "a system that no encoder here builds" in words
    assert "7 of 12 rows have no score" in words
    assert "FAIL" in words
    assert "vbench-mem run" in words
    assert "not known (no reason given)" in words  # git_dirty of the machine
    assert "GFLOP" not in words  # nothing here has a FLOP count to define


def test_the_answer_is_computed_from_the_rows(joined: Joined) -> None:
    said = answer(joined)
    assert said[0] == (
        "At frames=4, joint_test+mask75 needs the least memory, 1.00 GiB, "
        "and frame_mean_test the most, 3.00 GiB, 3 times as much."
    )
    assert "Masking 75 % of the tokens leaves 38 to 50 % of the unmasked peak (2 pairs" in said[2]
    assert said[-1] == "6 of 12 cells ran; the others: 3 missing, 1 oom, 2 skipped."


def test_a_matrix_without_a_number_has_an_answer_too(tmp_path: Path) -> None:
    joined = joined_of(matrix_of(tmp_path))
    assert answer(joined) == ["0 of 8 cells ran; the others: 8 missing."]
    page = render(joined, [], illustrate(plans(joined), tmp_path), None)
    assert "No figure" in page
    assert "No record says what machine" in page


def test_many_passes_are_folded_and_failures_are_not(tmp_path: Path) -> None:
    budget = "budgets: [{metric: peak_alloc_bytes, max: 4 GiB}]\n"
    text = "about: q\naxes: {encoder: joint_test, frames: [2, 4, 6, 8, 10, 12, 14, 16], batch: 2}\n"
    matrix = matrix_of(tmp_path, text + budget)
    records = [ok(cell) for cell in matrix.cells]
    records[0] = ok(pick(matrix, "joint_test frames=2"), 5 * 2**30)
    joined = joined_of(matrix, *records)
    page = render(
        joined, judge(matrix.budgets, joined), illustrate(plans(joined), tmp_path), MACHINE
    )
    assert "7 of 8 verdicts pass" in page
    assert page.index("1.00 GiB over") < page.index("<summary>The 7 that pass")


def test_a_row_measured_beside_another_process_is_a_gap(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    first, second = ok(matrix.cells[0]), ok(matrix.cells[1])
    first.details["device_guard"] = "2 other processes were on the device before the start"
    second.details["device_guard"] = "not guarded: no driver"
    joined = joined_of(matrix, first, second)
    page = render(joined, [], illustrate(plans(joined), tmp_path), MACHINE)
    gaps = page[page.index("<h2>Failures and gaps") :]
    assert gaps.count("measured beside another process") == 1
    assert f"{joined.rows[0].label}: measured beside another process, 2 other processes" in gaps


def test_the_header_has_the_versions_that_measured(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path)
    records = [ok(cell) for cell in matrix.cells[:3]]
    for record, number in zip(records, ("0.0.7", "0.0.9", "0.0.7"), strict=True):
        record.environment = MACHINE.model_copy(update={"packages": {"vbench_mem": number}})
    joined = joined_of(matrix, *records)
    page = render(joined, [], illustrate(plans(joined), tmp_path), MACHINE)
    assert "vbench_mem 0.0.7, 0.0.9</p>" in page
