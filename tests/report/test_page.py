"""What the text of an HTML report promises. What a browser makes of it: `test_browser.py`."""

import json
import re
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations, pairwise
from typing import Any

import pytest

from tests.report.sample import HOSTILE, SVG, rows, sample
from vbench_mem.report.document import (
    Answer,
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
    Table,
    line,
)
from vbench_mem.report.marks import Mark, Track
from vbench_mem.report.style import BUDGET_COLOUR, LEVEL_COLOUR, LIMIT_COLOUR, NEUTRAL, PALETTE
from vbench_mem.report.write.html import html_page, part
from vbench_mem.report.write.html_shades import NIGHT, at_night
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


def island(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="figures_">(.*?)</script>', page)
    return json.loads(text)


def everything_hostile() -> Document:
    field = Field(line(Span(HOSTILE, link=HOSTILE, title=HOSTILE)), title=HOSTILE)
    column = Column(HOSTILE, meaning=HOSTILE, is_published=True)
    groups = (Group(((field,),), head=line(HOSTILE)),)
    mark = Mark(label=HOSTILE, facts=((HOSTILE, HOSTILE),), cell_id=HOSTILE, link=HOSTILE)
    blocks = (
        Paragraph(line(*(Span(HOSTILE, tone) for tone in ("strong", "code", "bad", "plain")))),
        Answer((HOSTILE,), (HOSTILE,)),
        Bullets((line(HOSTILE),)),
        Code(HOSTILE),
        Table(name="t", columns=(column,), groups=groups, is_browsed=True),
        Figure(name="none", title=HOSTILE, skipped=HOSTILE),
        Figure(
            name=HOSTILE,
            title=HOSTILE,
            caption=HOSTILE,
            svg=SVG,
            tracks=(Track(gid="t0", series=HOSTILE, marks=(mark,)),),
            legend_series={"l0t": HOSTILE},
        ),
        Fold(HOSTILE, (Paragraph(line(HOSTILE)),)),
    )
    section = Section(title=HOSTILE, anchor="t", blocks=blocks)
    return Document(title=HOSTILE, about=HOSTILE, sections=(section,))


def test_hostile_text_is_text_wherever_it_stands() -> None:
    page = html_page(everything_hostile())
    assert "<script>alert" not in page
    read = Read(page)
    assert Counter(tag for tag, _ in read.tags)["script"] == 2  # the marks, and our own
    assert read.text.count(HOSTILE) >= 18
    marks = island(page)["f0_"]["tracks"][0][2]
    assert marks == [[HOSTILE, None, HOSTILE, 0, HOSTILE]]


def test_the_island_of_marks_cannot_end_its_script() -> None:
    mark = Mark(label="</script><!--\u2028&amp;")
    figure = Figure(
        name="f", title="f", svg=SVG, tracks=(Track(gid="t0", series="s", marks=(mark,)),)
    )
    page = page_of(figure)
    (text,) = re.findall(r'id="figures_">(.*?)</script>', page)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["f0_"]["tracks"][0][2][0][0] == mark.label


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JAVA\nscript:alert(1)", " data:text/html,x", "//host/x", "\\\\host"],
)
def test_a_link_runs_nothing_and_leaves_only_for_the_web(link: str) -> None:
    assert safe_link(link) is None
    page = page_of(Paragraph(line(Span("told", link=link))))
    assert "told" in Read(page).text
    assert link not in Read(page).all("href")


def test_links_into_the_folder_and_to_the_web_stay() -> None:
    for link in ("records/ab.json", "#rows", "https://arxiv.org/abs/2312.07395", "a.csv?x=1:2"):
        assert safe_link(link) == link


def test_nothing_is_asked_of_any_network() -> None:
    page = html_page(sample())
    read = Read(page)
    assert not [url for url in read.all("src") + read.all("href") if "//" in url]
    assert not re.search(r"@import|url\(\s*[\"']?(?!#)|https?://", page)
    for name in ("page.js", "page_figures.js", "page_tables.js"):
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", part(name))
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
    assert {facts["tracks"][0][0] for facts in island(page).values()} <= set(ids)


def test_what_a_page_must_not_hold_is_left_out_of_a_figure() -> None:
    bad = '<script>x()</script><a onclick="x()" href="http://h/"><image href="http://h/i"/></a>'
    svg = page_of(Figure(name="f", title="f", svg=SVG.replace("</svg>", bad + "</svg>")))
    assert "x()" not in svg and "http://h" not in svg


def test_every_block_is_told() -> None:
    read = Read(html_page(sample()))
    for text in (
        "First.",
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


def test_the_colours_of_a_figure_are_seen_at_night_and_stay_apart() -> None:
    families = [colour.lower() for colour in PALETTE]
    others = [LIMIT_COLOUR, LEVEL_COLOUR, BUDGET_COLOUR, NEUTRAL, "#333333", "#555555", "#000000"]
    paper = relative_luminance(NIGHT["paper"])
    for colour in [*families, *(other.lower() for other in others)]:
        assert (relative_luminance(at_night(colour)) + 0.05) / (paper + 0.05) >= 3, colour
    for one, other in combinations(map(at_night, families), 2):
        assert sum(abs(a - b) for a, b in zip(rgb(one), rgb(other), strict=True)) > 60
    grid = (relative_luminance(at_night("#dddddd")) + 0.05) / (paper + 0.05)
    assert 1.1 < grid < 2  # behind the marks at night too
    assert at_night("#ffffff") == NIGHT["paper"]  # a hollow mark is hollow


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def relative_luminance(colour: str) -> float:
    parts = [c / 255 for c in rgb(colour)]
    lin = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), lin, strict=True))


def test_colours_that_are_not_ours_stay_as_they_are() -> None:
    page = page_of(Figure(name="f", title="f", svg=SVG.replace("#0072b2", "#123456", 1)))
    assert "stroke: #123456" in page
    assert "stroke: var(--c0072b2)" in page and "--c0072b2:#0072b2;" in page


def test_a_thousand_rows_of_twenty_columns_are_small_and_written_at_once() -> None:
    fields = [row + 17 * (row[2],) for row in rows(1000)]
    columns = tuple(Column(f"c{number}", True, "what it means") for number in range(20))
    table = Table(name="big", columns=columns, groups=(Group(tuple(fields)),), is_browsed=True)
    start = time.perf_counter()
    page = page_of(table)
    assert time.perf_counter() - start < 1.5
    assert len(page.encode()) < 5e6
    assert page.count("<tr") == 1001
