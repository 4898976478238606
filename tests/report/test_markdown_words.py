"""Hostile text in Markdown: shown as it is, calls nobody, links nowhere."""

import re
from dataclasses import replace

import pytest

from tests.report.markdown_read import one, shown
from tests.report.sample import HOSTILE
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
from vbench_mem.report.write.markdown import markdown_text

NASTY = (
    HOSTILE,
    "# no heading ##",
    "- no list",
    "12. no list",
    "=== no line",
    "---",
    "> no quote",
    "    no code",
    "```\nno fence",
    "~~~ ~~gone~~",
    "__bold__ _slanted_ snake_case_name _",
    "a | b \\| c \\",
    "&lt;b&gt; &#64; <!-- gone --> <b>",
    "[x]: https://example.org",
    "![i](x.png) <https://example.org>",
    "`` ` `",
    "$a$ and $`b`$",
    "| a |\n|---|\n| b |",
    ":--",
    "a\nb",
    "*",
    "ends with \\",
)
OURS = {"h1", "h2", "p", "br", "strong", "b", "sub", "span", "blockquote", "ul", "li", "code"}
OURS |= {"pre", "details", "summary", "img", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("https://example.org/a?b=c&d=e", "https://example.org/a?b=c&d=e"),
        ("a(b)[c]<d>|e.json", "a%28b%29%5Bc%5D%3Cd%3E%7Ce.json"),
        ("javascript:alert(1)", None),
        ("//example.org/x", None),
        ("data:text/html,x", None),
    ],
)
def test_a_link_leads_to_the_web_or_the_report_and_nowhere_else(
    link: str, href: str | None
) -> None:
    field = Field(line(Span("here", link=link)))
    table = Table(name="t", columns=(Column("a"),), groups=(Group(((field,),)),))
    page = shown(markdown_text(one(Paragraph(field.line), table)))
    assert page.attributes("a", "href") == ([] if href is None else [href] * 2)
    assert page.all("td") == ["here"]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_is_shown_as_it_is_in_every_block(text: str) -> None:
    cell = Field(line(text))
    table = Table(
        name="t",
        columns=(Column(text), Column("x")),
        groups=(
            Group(
                ((cell, Field(line(Span(text, "code")))), (Field(line(Span(text, "bad"))), cell)),
                head=line(text),
            ),
        ),
    )
    document = Document(
        title=text,
        about=text,
        sections=(
            Section(
                title=text,
                anchor="s",
                blocks=(
                    Paragraph(line(text)),
                    Paragraph(line(text), is_soft=True),
                    Paragraph(line(text), keeps_lines=True),
                    Summary(((text, text), (text, text))),
                    Bullets((line(text), line(Span(text, "code"), Span(text, "strong")))),
                    Code(text),
                    table,
                    Figure(name="f", title=text, caption=text, svg="<svg/>"),
                    Fold(text, (Paragraph(line(text)),)),
                ),
            ),
        ),
    )
    page = shown(markdown_text(document))
    flat = " ".join(text.split())
    names = {name for name, _ in page.tags}
    assert names <= OURS
    assert page.attributes("img", "src") == ["figures/f.png"]
    assert "a" not in names
    assert [" ".join(each.split()) for each in page.all("h1") + page.all("h2")] == [flat, flat]
    assert [" ".join(each.split()) for each in page.all("th") + page.all("td")] == [
        *(flat, "x", flat, ""),
        *(flat, flat, flat, flat),
    ]
    quoted, items = page.all("blockquote"), page.all("li")
    assert " ".join(quoted[0].split()) == f"{flat}: {flat} {flat}: {flat}"
    assert "".join(items[0].split()) == "".join(flat.split())
    assert "".join(items[1].split()) == "".join((flat + flat).split())
    assert page.all("pre") == [f"{text}\n"]
    assert " ".join(page.all("summary")[0].split()) == flat


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("ask @octocat", r"@\w"),
        ("mail to a@b.example", r"@\w"),
        ("see #12 and owner/repo#12", r"#\d"),
        ("see gh-12", r"(?i)gh-\d"),
        ("at https://example.org and FTP://x", r"\w://"),
        ("at www.example.org", r"www\."),
        ("a :tada: and :+1:", r":[\w+-]+:"),
        ("costs $1 and $2", r"(?<!<span>)\$"),
    ],
)
def test_nobody_is_called_and_nothing_is_linked_that_only_looks_so(text: str, live: str) -> None:
    blocks = (
        Paragraph(line(text)),
        Summary(((text, text),)),
        Bullets((line(Span(text, "bad")),)),
        Table(name="t", columns=(Column(text),), groups=(Group(((Field(line(text)),),)),)),
        Figure(name="f", title=text, skipped=text),
        Fold("summary", (Paragraph(line(text), keeps_lines=True),)),
    )
    document = replace(one(*blocks, title=text), about=text)
    if "$" not in text:  # no formula in what is HTML for Markdown
        document = replace(document, sections=one(*blocks, Fold(text, ())).sections)
    assert re.search(live, text)
    assert not re.search(live, markdown_text(document).replace("&#8203;", "\u200b"))


def test_code_keeps_its_lines_and_no_backticks_end_it() -> None:
    text = "a: 1\n\n  b: |\n```\n</details>\n````\n@octocat"
    page = shown(markdown_text(one(Code(text), Paragraph(line("after")))))
    assert page.all("pre") == [text + "\n"]
    assert "after" in markdown_text(one(Code(text), Paragraph(line("after")))).splitlines()
