"""The PDF, read back by pypdf: what it says, where it stands, and what the file is made of."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typst
from pypdf import PdfReader
from pypdf.generic import Destination

from tests.report.pdf_read import one, read, sample_pdf, titles, words
from tests.report.sample import HOSTILE, sample
from vbench_mem.report.document import (
    Bullets,
    Code,
    Column,
    Document,
    Field,
    Figure,
    Fold,
    Group,
    Paragraph,
    Section,
    Span,
    Summary,
    Table,
    line,
)
from vbench_mem.report.write import pdf
from vbench_mem.report.write.pdf import pdf_bytes


def test_the_answer_is_on_page_1_before_the_contents() -> None:
    text = words(sample_pdf().pages[0])
    places = [text.index(each) for each in ("sample", "What does it cost", "First", "Contents")]
    assert places == sorted(places)


def test_the_answer_of_the_first_chapter_of_several_comes_before_the_contents_too() -> None:
    document = sample()
    chapters = [Section(title=n, anchor=n, sections=document.sections) for n in ("one", "two")]
    first = replace(chapters[1], sections=())
    text = words(read(replace(document, sections=(chapters[0], first))).pages[0])
    assert text.index("First") < text.index("Contents") < text.index("Trade-off")


def test_without_an_answer_the_contents_come_first() -> None:
    text = words(read(one(Paragraph(line("text")))).pages[0])
    assert text.index("Contents") < text.index("text")


def test_every_section_is_in_the_outline_and_the_contents_and_no_fold_is() -> None:
    reader = sample_pdf()
    names = ["Question and answer", "Trade-off", "Tables", "Claims", "Failures", "Matrix"]
    assert list(titles(reader.outline)) == names
    contents = words(reader.pages[0]).split("Contents")[1]
    assert all(name in contents for name in names)


def test_a_section_in_the_outline_leads_to_the_page_that_the_contents_name() -> None:
    reader = sample_pdf(200)
    (claims,) = [e for e in reader.outline[3] if isinstance(e, Destination)]
    page = reader.get_destination_page_number(claims) + 1  # type: ignore[operator]
    assert "Claims" in words(reader.pages[page - 1])
    contents = words(reader.pages[0]).split("Contents")[1]
    assert page > 2
    assert contents.split("Claims")[1].lstrip(" .").startswith(str(page))


def test_every_page_says_its_number_and_of_how_many_and_later_ones_the_title() -> None:
    reader = sample_pdf(200)
    count = len(reader.pages)
    assert count > 2
    for number, page in enumerate(reader.pages, start=1):
        assert f"{number} / {count}" in words(page)
        assert "sample" in words(page)


def test_hostile_text_is_only_text() -> None:
    hostile = Section(
        title=HOSTILE,
        anchor="x",
        blocks=(
            Paragraph(line(HOSTILE)),
            Summary(((HOSTILE, HOSTILE),)),
            Bullets((line(HOSTILE),)),
            Code(HOSTILE),
            Fold(HOSTILE, ()),
            Figure(name="f", title=HOSTILE, caption=HOSTILE, skipped=HOSTILE),
            Table(
                name="t",
                columns=(Column(HOSTILE),),
                groups=(Group(((Field(line(Span(HOSTILE, "code"))),),), head=line(HOSTILE)),),
            ),
        ),
    )
    reader = read(Document(title=HOSTILE, about=HOSTILE, sections=(hostile,)))
    text = "".join(page.extract_text() for page in reader.pages).replace("\u200b", "")
    squeezed, wanted = "".join(text.split()), "".join(HOSTILE.split())
    assert squeezed.count(wanted) == 15  # 4 outside of blocks, 11 in them
    assert reader.metadata is not None
    assert reader.metadata.title == HOSTILE


def test_what_cannot_be_shown_is_replaced_and_no_file_can_break_the_report() -> None:
    text = "a\x00b\x1b[31mc\ud800d\u202ee 中文 \U0001f600 \ue000 \r\n x"
    assert "a\ufffdb\ufffd[31mc\ufffdd\ufffde" in words(
        read(one(Paragraph(line(text)), Code(text), title=text)).pages[0]
    )


def test_letters_without_a_font_cost_the_promise_of_access_and_not_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fonts = [font.path for font in pdf.fonts().fonts() if font.family == "DejaVu Sans"]
    for path in fonts:
        assert path is not None
        (tmp_path / Path(path).name).symlink_to(path)
    monkeypatch.setattr(pdf, "fonts", lambda: typst.Fonts(False, True, [str(tmp_path)]))
    assert b"pdfuaid" not in pdf_bytes(one(Paragraph(line("中文"))))


def test_the_file_is_accessible_tagged_english_and_says_its_title() -> None:
    raw = pdf_bytes(sample())
    assert b"pdfuaid:part" in raw
    root: Any = PdfReader(BytesIO(raw)).trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert b"Memory against frames. Peak memory of a step." in raw.replace(b"\\", b"")


def test_typst_has_nothing_to_say_against_the_template() -> None:
    assert pdf.compiled(json.dumps(pdf.content(sample())))[1] == []


def test_the_same_document_gives_the_same_bytes_and_no_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = pdf_bytes(sample())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert pdf_bytes(sample()) == first
    assert b"CreationDate" not in first
    assert b"CreateDate" not in first


def test_a_figure_is_lines_and_real_text_and_not_an_image() -> None:
    reader = sample_pdf()
    assert "joint" in words(reader.pages[0])  # the legend of the SVG
    assert all(len(page.images) == 0 for page in reader.pages)


def test_all_fonts_are_in_the_file() -> None:
    for page in sample_pdf().pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            (inner,) = font.get_object()["/DescendantFonts"]
            assert "/FontFile2" in inner.get_object()["/FontDescriptor"]


def test_a_figure_that_was_skipped_is_one_sentence() -> None:
    assert "Recall is not drawn: no recall is joined." in words(sample_pdf().pages[0])


def test_links_to_the_web_and_within_are_links_and_files_beside_the_report_are_not() -> None:
    content = line(
        Span("web", link="https://example.org/a?b=c"),
        Span("here", link="#s"),
        Span("nowhere", link="#gone"),
        Span("file", link="records/0.json"),
        Span("code", link="javascript:alert(1)"),
    )
    (page,) = read(one(Paragraph(content))).pages
    links = [each.get_object() for each in page["/Annots"]]  # type: ignore[attr-defined]
    targets = [link["/A"].get("/URI") for link in links if "/A" in link]
    assert [uri for uri in targets if uri] == ["https://example.org/a?b=c"]
    assert len(links) == 3  # the web, this section, and its line in the contents


def test_a_fault_of_typst_is_ours_and_says_what_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.typ"
    page.write_text("#nonsense")
    monkeypatch.setattr(pdf, "PAGE", page)
    with pytest.raises(RuntimeError, match="cannot set the report: unknown variable: nonsense"):
        pdf_bytes(sample())
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="SVG"):
        pdf_bytes(one(Figure(name="f", title="F", svg="<svg")))


def test_a_brief_fold_has_the_first_rows_of_its_table() -> None:
    table = Table(name="long", columns=(Column("name"),), groups=(Group(tuple(names(60))),))
    section = Section(
        title="Asides", anchor="asides", blocks=(Fold("Many", (table,), is_brief=True),)
    )
    text = all_words(Document(title="t", about="a", sections=(section,)))
    assert "row-11" in text and "row-12" not in text
    assert "Rows left out: 48, see the HTML page" in text


def test_the_answers_of_all_chapters_come_before_the_contents() -> None:
    short = Section(title="In short", anchor="short", blocks=(Bullets((line("take joint"),)),))
    rest = tuple(
        Section(
            title=f"part {n}", anchor=f"p{n}", sections=(Section(title=f"in {n}", anchor=f"i{n}"),)
        )
        for n in range(3)
    )
    text = all_words(Document(title="t", about="a", sections=(short, *rest)))
    assert text.index("take joint") < text.index("Contents") < text.index("part 0")


def names(count: int) -> list[tuple[Field, ...]]:
    return [(Field(line(f"row-{number}")),) for number in range(count)]


def all_words(document: Document) -> str:
    return " ".join(words(page) for page in read(document).pages)
