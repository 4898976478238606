"""The report as GitHub's Markdown, short enough to be posted on a pull request."""

import re
from collections.abc import Iterable, Iterator

from vbench_mem.report import document as doc
from vbench_mem.report.write.cutting import WHERE, fitted
from vbench_mem.report.write.markdown_words import (
    address,
    bold_line,
    escaped,
    guarded,
    in_html,
    line_text,
)
from vbench_mem.report.write.plain import EMPTY, clean, not_drawn, one_line, published_note

LIMIT = 60_000  # characters; GitHub takes 65,536
REST = f"The rest is left out, {WHERE}"


def markdown_text(document: doc.Document, limit: int = LIMIT) -> str:
    """The whole text; a line says where something was left out. Figures are links to
    figures/<name>.png, relative to the report's folder."""
    parts = list(written(fitted(document, limit, lambda it: len(joined(written(it))))))
    if len(joined(parts)) > limit:
        while parts and len(joined([*parts, REST])) > limit:
            parts.pop()
        parts.append(REST)
    return joined(parts)


def joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"


def written(document: doc.Document) -> Iterator[str]:
    yield f"# {heading(document.title)}"
    yield from filled(guarded(escaped(document.about)))
    for section in document.sections:
        yield from section_parts(section, 2)


def section_parts(section: doc.Section, level: int) -> Iterator[str]:
    yield f"{'#' * min(level, 6)} {heading(section.title)}"
    for block in section.blocks:
        yield from filled(block_text(block))
    for inner in section.sections:
        yield from section_parts(inner, level + 1)


def heading(title: str) -> str:
    return escaped(one_line(title)).strip()


def filled(text: str) -> Iterator[str]:
    if text.strip():
        yield text


def block_text(block: doc.Block) -> str:
    match block:
        case doc.Paragraph(line, is_soft, keeps_lines):
            text = line_text(line, keeps_lines)
            return f"<sub>{text}</sub>" if is_soft and text else guarded(text)
        case doc.Summary(facts):
            shown = (f"{bold_line(f'{escaped(label)}:')} {escaped(it)}" for label, it in facts)
            return "\n>\n".join(f"> {each.strip()}" for each in shown)  # a quotation stands out
        case doc.Bullets(items):
            return "\n".join(f"- {guarded(line_text(item))}" for item in items)
        case doc.Code(text):
            code = clean(text).rstrip("\n")
            longest = max(map(len, re.findall("`+", code)), default=0)
            fence = "`" * max(3, longest + 1)  # more backticks than any line has
            return f"{fence}\n{code}\n{fence}"
        case doc.Table():
            return table_text(block)
        case doc.Figure():
            return figure_text(block)
        case doc.Fold(summary, blocks, is_open):
            start = f"<details{' open' * is_open}>\n<summary>{in_html(one_line(summary))}</summary>"
            inner = [text for each in blocks for text in filled(block_text(each))]
            return "\n\n".join([start, *inner, "</details>"])


def figure_text(figure: doc.Figure) -> str:
    if figure.svg is None:
        return f"<sub>{escaped(not_drawn(figure))}</sub>"
    title = escaped(figure.title).strip()
    image = f"![{title}]({address(f'figures/{figure.name}.png')})"
    text = f"{bold_line(title + '.' * (title[-1:].isalnum()))} {escaped(figure.caption)}"
    return f"{image}\n\n{text.strip()}"


def table_text(table: doc.Table) -> str:
    if not table.columns:
        return ""
    missing = line_text(EMPTY)
    rows = [row_text(escaped(column.head) for column in table.columns)]
    rows.append(row_text("---:" if column.is_number else "---" for column in table.columns))
    for group in table.groups:
        if group.head is not None:
            rows.append(row_text([head_text(group.head), *[""] * (len(table.columns) - 1)]))
        rows += [row_text(line_text(it.line) or missing for it in row) for row in group.rows]
    note = published_note(table)
    return "\n".join(rows) + (f"\n\n<sub>{escaped(note)}</sub>" if note else "")


def row_text(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def head_text(head: doc.Line) -> str:
    text = line_text(head)
    return bold_line(text) if len(head) == 1 else f"<b>{text}</b>"
