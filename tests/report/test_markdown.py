"""The Markdown, read back by markdown-it with tables and raw HTML: what GitHub would show."""

import re
from dataclasses import replace

import pytest

from tests.report.markdown_read import one, shown, table
from tests.report.sample import sample
from vbench_mem.report.document import (
    Block,
    Bullets,
    Code,
    Column,
    Fold,
    Group,
    Paragraph,
    Section,
    Table,
    line,
)
from vbench_mem.report.write.markdown import LIMIT, markdown_text


def test_the_title_and_the_answer_come_first() -> None:
    text = markdown_text(sample())
    assert text.startswith("# sample\n\na machine, vbench_mem 1\n\n## Question and answer\n")
    places = [text.index(each) for each in ("What does", "> **First:** one fact", "## Trade-off")]
    assert places == sorted(places)


def test_sections_are_headings_by_their_depth() -> None:
    page = shown(markdown_text(sample()))
    assert page.all("h1") == ["sample"]
    assert page.all("h2") == ["Question and answer", "Trade-off", "Tables", "Failures", "Matrix"]
    assert page.all("h3") == ["Claims"]


def test_a_table_has_the_fields_and_its_numbers_on_the_right() -> None:
    page = shown(markdown_text(one(*sample().sections[2].blocks)))
    assert page.all("th") == ["variant", "status", "peak memory"]
    cells = page.all("td")
    assert cells[:3] == ["variant_0", "ok", "0 MiB"]
    assert cells[12:15] == ["variant_4", "oom", "\N{EN DASH}"]
    assert len(cells) == 3 * 12
    styles = page.attributes("td", "style")[:3]
    assert styles == [None, None, "text-align:right"]


def test_links_are_relative_and_lead_to_the_record() -> None:
    page = shown(markdown_text(sample()))
    assert page.attributes("a", "href") == [f"records/{n:016x}.json" for n in range(12)]


def test_the_heading_of_a_group_is_a_bold_row() -> None:
    text = markdown_text(sample())
    assert "| <b>Said p. 1</b> |  |" in text
    assert "| **of one** |  |" in markdown_text(
        one(replace(table(1), groups=(Group((), head=line("of one")),)))
    )


def test_a_figure_is_a_relative_image_with_its_title_and_a_skipped_one_a_sentence() -> None:
    text = markdown_text(sample())
    page = shown(text)
    assert page.attributes("img", "src") == ["figures/memory_frames.png"]
    assert page.attributes("img", "alt") == ["Memory against frames"]
    assert "**Memory against frames.** Peak memory of a step." in text
    assert "Recall is not drawn: no recall is joined." in text


def test_a_fold_is_shut_unless_it_is_open_and_its_blocks_are_read_as_markdown() -> None:
    page = shown(markdown_text(one(Fold("Two", (table(1),)), Fold("Open", (), is_open=True))))
    assert page.all("summary") == ["Two", "Open"]
    assert ["open" in attrs for tag, attrs in page.tags if tag == "details"] == [False, True]
    assert page.all("td") == ["row_0", "0.1"]


def test_a_text_that_fits_is_whole() -> None:
    text = markdown_text(sample(300))
    assert len(text) < LIMIT
    assert "left out" not in text
    assert "variant_299" in text


def test_a_text_too_long_loses_the_ends_of_tables_and_says_how_many_rows() -> None:
    document = one(table(30), table(5000, 6), Fold("kept", (Paragraph(line("inner")),)))
    text = markdown_text(document)
    assert LIMIT - 1000 < len(text) <= LIMIT
    (more,) = re.findall(r"Rows left out: (\d+), see the HTML page", text)
    names = [cell for cell in shown(text).all("td") if cell.startswith("row_")]
    assert names == [f"row_{n}" for n in [*range(30), *range(5000 - int(more))]]
    assert "inner" in text


def test_folds_are_left_out_where_shorter_tables_are_not_enough() -> None:
    folds = [Fold(f"fold {n}", (Code("x" * 10_000 * n),)) for n in (1, 4, 3)]
    text = markdown_text(one(table(40), *folds))
    assert len(text) <= LIMIT
    assert all(f"Left out: fold {n}, see the HTML page" in text for n in (1, 4, 3))
    assert "row_39" in text


def test_lists_lose_their_ends_too() -> None:
    text = markdown_text(one(Bullets(tuple(line(f"item {n} {'x' * 90}") for n in range(1000)))))
    assert LIMIT - 1000 < len(text) <= LIMIT
    count = len(shown(text).all("li"))
    assert f"Items left out: {1000 - count}, see the HTML page" in text


@pytest.mark.parametrize("limit", [200, 1000, 3000])
def test_no_document_is_longer_than_the_limit(limit: int) -> None:
    blocks: list[Block] = [Paragraph(line("word " * 50)) for _ in range(30)]
    text = markdown_text(one(*blocks, table(100, 8), Fold("f", (Code("x" * 5000),))), limit)
    assert len(text) <= limit
    assert text.endswith("The rest is left out, see the HTML page\n") or limit == 3000


def test_the_same_document_gives_the_same_text() -> None:
    assert markdown_text(sample(2000)) == markdown_text(sample(2000))


def test_published_columns_are_marked() -> None:
    columns = (Column("name"), Column("R@1", True, is_published=True))
    text = markdown_text(one(Table(name="t", columns=columns, groups=())))
    assert "Published, not from this machine: R@1." in text.replace("&#8203;", "")


def test_a_short_list_is_never_cut() -> None:
    document = sample(1000)
    items = tuple(line(f"answer {number}") for number in range(7))
    first = Section(title="In short", anchor="in-short", blocks=(Bullets(items),))
    text = markdown_text(replace(document, sections=(first, *document.sections)), limit=2_000)
    assert all(f"answer {number}" in text for number in range(7))
