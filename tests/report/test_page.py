"""What the text of an HTML report promises. What a browser makes of it: `test_browser.py`."""

import re
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.report.sample import HOSTILE, SVG, rows, sample
from vbench_mem.report.document import (
    Block,
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
from vbench_mem.report.marks import Mark
from vbench_mem.report.write.html import html_page, part
from vbench_mem.report.write.plain import safe_link


class Read(HTMLParser):
    """A page as a browser's parser sees it: tags with attributes, and the text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text, self.inside = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data

    def all(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def page_of(*blocks: Block) -> str:
    section = Section(title="T", anchor="t", blocks=blocks)
    return html_page(Document(title="t", about="a", sections=(section,)))


def everything_hostile() -> Document:
    field = Field(line(Span(HOSTILE, link=HOSTILE, title=HOSTILE)), title=HOSTILE)
    column = Column(HOSTILE, meaning=HOSTILE, is_published=True)
    groups = (Group(((field,),), head=line(HOSTILE)),)
    mark = Mark(label=HOSTILE, facts=((HOSTILE, HOSTILE),), cell_id=HOSTILE, link=HOSTILE)
    blocks = (
        Paragraph(line(*(Span(HOSTILE, tone) for tone in ("strong", "code", "bad", "plain")))),
        Summary(((HOSTILE, HOSTILE),)),
        Bullets((line(HOSTILE),)),
        Code(HOSTILE),
        Table(name="t", columns=(column,), groups=groups, is_browsed=True),
        Figure(name="none", title=HOSTILE, skipped=HOSTILE),
        Figure(
            name=HOSTILE,
            title=HOSTILE,
            caption=HOSTILE,
            svg=SVG,
            tips={"t0": (mark,)},
        ),
        Fold(HOSTILE, (Paragraph(line(HOSTILE)),)),
    )
    section = Section(title=HOSTILE, anchor="t", blocks=blocks)
    return Document(title=HOSTILE, about=HOSTILE, sections=(section,))


def test_hostile_text_is_text_wherever_it_stands() -> None:
    page = html_page(everything_hostile())
    assert "<script>alert" not in page
    read = Read(page)
    assert Counter(tag for tag, _ in read.tags)["script"] == 1  # our own
    assert read.text.count(HOSTILE) >= 18
    (tip,) = read.all("data-tip")
    assert tip.splitlines() == [HOSTILE, f"{HOSTILE}: {HOSTILE}", f"record {HOSTILE}"]


def test_every_mark_of_a_figure_has_its_numbers_and_a_link_to_its_record() -> None:
    marks = tuple(
        Mark(label=f"row {n}", facts=(("peak memory", f"{n} MiB"),), link=f"records/{n}.json")
        for n in (1, 2, 3)
    )
    read = Read(page_of(Figure(name="f", title="f", svg=SVG, tips={"t0": marks})))
    tips = [(tag, a["data-tip"]) for tag, a in read.tags if "data-tip" in a]
    assert tips == [("use", f"row {n}\npeak memory: {n} MiB") for n in (1, 2, 3)]
    links = [a["href"] for tag, a in read.tags if tag == "a" and "records/" in a["href"]]
    assert links == [f"records/{n}.json" for n in (1, 2, 3)]


def test_a_group_without_markers_is_one_mark() -> None:
    tips = {"l0t": (Mark(label="a bar"),)}
    read = Read(page_of(Figure(name="f", title="f", svg=SVG, tips=tips)))
    assert [a["id"] for _, a in read.tags if a.get("data-tip") == "a bar"] == ["f0_l0t"]


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JAVA\nscript:alert(1)", " data:text/html,x", "//host/x", "\\\\host"],
)
def test_a_link_runs_nothing_and_leaves_only_for_the_web(link: str) -> None:
    assert safe_link(link) is None
    page = page_of(Paragraph(line(Span("text", link=link))))
    assert "text" in Read(page).text
    assert link not in Read(page).all("href")


def test_links_into_the_folder_and_to_the_web_stay() -> None:
    for link in ("records/ab.json", "#rows", "https://arxiv.org/abs/2312.07395", "a.csv?x=1:2"):
        assert safe_link(link) == link


def test_no_network_request_is_made() -> None:
    page = html_page(sample())
    read = Read(page)
    assert not [url for url in read.all("src") + read.all("href") if "//" in url]
    assert not re.search(r"@import|url\(\s*[\"']?(?!#)|https?://", page)
    requests = r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\("
    assert not re.search(requests, part("page.js"))
    (policy,) = (a["content"] for t, a in read.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy and "http" not in policy


def test_ids_of_two_figures_do_not_meet() -> None:
    figure = next(it for it in sample().blocks() if isinstance(it, Figure))
    clipped = SVG.replace("<g id=", '<g clip-path="url(#m1)" id=', 1)
    page = page_of(figure, replace(figure, name="other", svg=clipped))
    read = Read(page)
    ids = read.all("id")
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:href="|url\()#(f\d_[^")]+)', page)
    assert {name[:3] for name in named} == {"f0_", "f1_"}
    assert set(named) <= set(ids)


def test_what_a_page_must_not_hold_is_left_out_of_a_figure() -> None:
    bad = '<script>x()</script><a onclick="x()" href="http://h/"><image href="http://h/i"/></a>'
    svg = page_of(Figure(name="f", title="f", svg=SVG.replace("</svg>", bad + "</svg>")))
    assert "x()" not in svg and "http://h" not in svg


def test_every_block_is_on_the_page() -> None:
    read = Read(html_page(sample()))
    for text in (
        "First",
        "More of it.",
        "All numbers.",
        "row: oom",
        "Two more",
        "about: <script>",
    ):
        assert text in read.text
    assert "Recall is not drawn: no recall is joined." in read.text
    tags = Counter(tag for tag, _ in read.tags)
    assert tags["table"] == 2 and tags["figure"] == 1 and tags["pre"] == 1
    assert ("details", {}) in read.tags


def test_headings_go_down_step_by_step_and_the_contents_name_them_all() -> None:
    read = Read(html_page(sample()))
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    anchors = [section.anchor for section in sample().sections] + ["claims"]
    assert {f"#{anchor}" for anchor in anchors} <= set(read.all("href"))
    assert set(anchors) <= set(read.all("id"))


def test_what_cannot_be_seen_is_known_to_a_screen_reader() -> None:
    read = Read(html_page(sample()))
    html = dict(read.tags)["html"]
    assert html["lang"] == "en"
    scopes = {a["scope"] for tag, a in read.tags if tag == "th"}
    assert scopes == {"col", "row", "rowgroup"}
    assert all("scope" in a for tag, a in read.tags if tag == "th")
    assert all(a.get("aria-label") for tag, a in read.tags if tag == "table")
    svg = dict(read.tags)["svg"]
    assert svg["role"] == "img"
    assert set(svg["aria-labelledby"].split()) <= set(read.all("id"))


def test_rows_are_sorted_by_values_and_not_by_what_they_look_like() -> None:
    page = html_page(sample(6))
    values = re.findall(r"<tr( data-v=[^>]*)?><th scope=\"row\"><a", page)
    assert values[1] == ' data-v=",,10485760"' and values[4] == ""


def test_a_thousand_rows_of_twenty_columns_are_small_and_written_at_once() -> None:
    fields = [row + 17 * (row[2],) for row in rows(1000)]
    columns = tuple(Column(f"c{number}", True, "what it means") for number in range(20))
    table = Table(name="big", columns=columns, groups=(Group(tuple(fields)),), is_browsed=True)
    start = time.perf_counter()
    page = page_of(table)
    assert time.perf_counter() - start < 1.5
    assert len(page.encode()) < 5e6
    assert page.count("<tr") == 1001
