"""Lines and tables as HTML strings with all text escaped: a template is too slow for thousands of
fields."""

import math
from collections.abc import Iterator, Sequence
from html import escape as quote

from markupsafe import Markup

from vbench_mem.report.document import Field, Line, Span, Table
from vbench_mem.report.write.plain import clean, safe_link

TAGS = {"strong": "strong", "code": "code"}
PROSE = 36  # characters, from which on a column wraps as prose


def escape(text: str) -> str:
    return quote(clean(text))


def spans(line: Line) -> Markup:
    return Markup("".join(map(span, line)))


def span(part: Span, in_name: bool = False) -> str:
    """`in_name`: on narrow screens a row's name may wrap after `_` and `+` (page.css)."""
    text = escape(part.text)
    if in_name:
        text = text.replace("_", "_<wbr>").replace("+", "+<wbr>")
    link = safe_link(part.link) if part.link else None
    if part.tone in TAGS:
        text = f"<{TAGS[part.tone]}>{text}</{TAGS[part.tone]}>"
    tooltip = f' title="{escape(part.title)}"' if part.title else ""
    look = f' class="{part.tone}"' if part.tone not in ("plain", *TAGS) else ""
    if link:
        return f'<a href="{escape(link)}" rel="noreferrer"{look}{tooltip}>{text}</a>'
    return f"<span{look}{tooltip}>{text}</span>" if look or tooltip else text


def looks(table: Table) -> list[str]:
    """The classes of each column's fields: n number, p prose, q published."""
    found = []
    for column, longest in zip(table.columns, table.longest(), strict=True):
        kind = "n" if column.is_number else "p" if longest > PROSE else ""
        found.append(f"{kind} {'q' if column.is_published else ''}".strip())
    return found


def body(table: Table, rows: Sequence[Sequence[Field]], classes: Sequence[str]) -> Markup:
    """The rows as `<tr>`; `data-v` has their sort keys, separated by commas."""
    return Markup(
        "\n".join(
            f"<tr{values(row) if table.is_browsed else ''}>{''.join(fields(row, classes))}</tr>"
            for row in rows
        )
    )


def fields(row: Sequence[Field], classes: Sequence[str]) -> Iterator[str]:
    """The first is the header of the row. A missing value is a dash with class x."""
    for at, (field, look) in enumerate(zip(row, classes, strict=True)):
        tag, scope = ("td", "") if at else ("th", ' scope="row"')
        content = "".join(span(part, at == 0) for part in field.line)
        if not content:
            content, look = "&ndash;", f"{look} x".strip()
        shape = f' class="{look}"' if look else ""
        tooltip = f' title="{escape(field.title)}"' if field.title else ""
        yield f"<{tag}{scope}{shape}{tooltip}>{content}</{tag}>"


def values(row: Sequence[Field]) -> str:
    joined = ",".join(number(field.value) for field in row).rstrip(",")
    return f' data-v="{joined}"' if joined else ""


def number(value: float | None) -> str:
    """For JavaScript's `Number`; empty for what is none."""
    if value is None or math.isnan(value):
        return ""
    return repr(float(value)).removesuffix(".0").replace("inf", "Infinity")
