"""Tables of the PDF: their pages, their pieces, and that nothing of them is cut."""

from dataclasses import replace

import pytest

from tests.report.pdf_read import ends, one, read, sample_pdf, table_of, words
from vbench_mem.report.document import (
    Bullets,
    Code,
    Column,
    Document,
    Field,
    Fold,
    Group,
    Paragraph,
    Section,
    Span,
    Summary,
    Table,
    line,
)

A4 = (595.3, 841.9)


def test_the_head_of_a_table_is_on_each_of_its_pages() -> None:
    reader = sample_pdf(300)
    pages = [words(page) for page in reader.pages if "variant_" in words(page)]
    assert len(pages) > 3
    assert all("variant status peak memory" in page for page in pages)
    text = " ".join(pages).split()
    assert [word for word in text if word.startswith("variant_")] == [
        f"variant_{number}" for number in range(300)
    ]


@pytest.mark.parametrize(
    ("columns", "size", "is_flipped"),
    [(5, A4, False), (11, A4, False), (15, A4[::-1], True)],
)
def test_a_wider_table_is_smaller_and_then_on_its_side(
    columns: int, size: tuple[float, float], is_flipped: bool
) -> None:
    reader = read(one(table_of(columns, 5, "12,345")))
    page = reader.pages[-1]
    assert (page.mediabox.width, page.mediabox.height) == pytest.approx(size, abs=0.1)
    assert len(reader.pages) == 1 + is_flipped
    assert "continued" not in words(page)


def test_headings_go_with_their_table_and_other_texts_stay_upright() -> None:
    document = one(Paragraph(line("before")), Bullets((line("b"),)), Paragraph(line("with it")))
    section = replace(
        document.sections[0],
        sections=(Section(title="Wide", anchor="w", blocks=(table_of(15, 3, "12,345"),)),),
    )
    first, last = (words(p) for p in read(replace(document, sections=(section,))).pages)
    assert "before" in first
    assert "with it" in first
    assert last.startswith("t Wide")  # below the header


def test_of_a_table_too_wide_for_any_page_every_field_is_there_beside_its_name() -> None:
    reader = read(one(table_of(50, 7, "{row}0{column}000")))
    text = " ".join(words(page) for page in reader.pages)
    found: dict[str, list[str]] = {}
    name = ""
    for word in text.split():
        if word.startswith("row_"):
            name = word
        elif name and word.endswith("000"):
            found.setdefault(name, []).append(word)
    assert found == {f"row_{r}": [f"{r}0{c}000" for c in range(1, 50)] for r in range(7)}
    assert "continued: columns" in text
    assert text.count("row_3") > 2


def test_a_piece_of_a_split_table_repeats_all_that_tells_its_rows_apart() -> None:
    table = table_of(50, 2, "123,45{column}")
    (group,) = table.groups
    rows = tuple(
        (Field(line("same")), Field(line(f"load{n}")), *row[2:]) for n, row in enumerate(group.rows)
    )
    reader = read(one(replace(table, groups=(Group(rows),))))
    text = " ".join(words(page) for page in reader.pages)
    assert text.count("same load0") == text.count("same load1") == text.count("name column 1") > 2


def test_no_text_is_cut_at_the_edge_however_long_a_word_is() -> None:
    long = "w" * 300
    content = (Span(long), Span(long, "code"), Span(long, "bad"))
    table = Table(
        name="t",
        columns=(Column("name"), Column(long), Column("n", True)),
        groups=(Group(((Field(line(long)), Field(content), Field(line("1" * 200))),), line(long)),),
    )
    document = Document(
        title=long,
        about=long,
        sections=(
            Section(
                title=long,
                anchor="s",
                blocks=(
                    Paragraph(content),
                    Summary(((long, long),)),
                    Bullets((content,)),
                    Code(f"a: {long}\n{'  x: 1 ' * 60}"),
                    Fold(long, (table, table_of(9, 3, long))),
                ),
            ),
        ),
    )
    reader = read(document)
    for page in reader.pages:
        right = float(page.mediabox.width) - 51
        assert all(50.9 < x < right + 0.5 for x, _ in ends(page))
        assert all(20 < y < float(page.mediabox.height) - 20 for _, y in ends(page))
    text = "".join("".join(words(page).split()) for page in reader.pages)
    assert text.count("w") >= 300 * (2 + 2 + 3 + 2 + 3 + 1 + 1 + 6 + 24)


def test_a_row_is_not_split_over_pages_where_it_fits_on_one() -> None:
    text = "word " * 60
    table = table_of(2, 40, text)
    table = replace(table, columns=(table.columns[0], Column("text")))
    reader = read(one(table))
    assert len(reader.pages) > 2
    for page in reader.pages:
        assert words(page).count("word") % 60 == 0


def test_a_row_higher_than_a_page_is_split_and_whole() -> None:
    table = replace(table_of(2, 1, "word " * 3000), columns=(Column("name"), Column("text")))
    reader = read(one(table))
    assert sum(words(page).count("word") for page in reader.pages) == 3000


def test_numbers_end_at_the_same_place_and_texts_start_there() -> None:
    rows = tuple((Field(line(name)), Field(line(f"{10**n}"))) for n, name in enumerate("aWi", 1))
    table = replace(table_of(2, 0), groups=(Group(rows),))
    found = [place for place in ends(read(one(table)).pages[0]) if place[1] > 60]  # no footer
    heights = sorted({y for _, y in found})[: len(rows)]
    starts = {round(min(x for x, y in found if y == height), 2) for height in heights}
    stops = {round(max(x for x, y in found if y == height), 2) for height in heights}
    assert len(starts) == len(stops) == 1


def test_published_columns_are_marked() -> None:
    table = Table(
        name="t",
        columns=(Column("name"), Column("R@1 of them", True, is_published=True)),
        groups=(Group(((Field(line("a")), Field()),)),),
    )
    text = words(read(one(table)).pages[0])
    assert "Published, not from this machine: R@1 of them." in text
    assert "a \N{EN DASH}" in text  # an empty field says that it is
