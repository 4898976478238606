"""A document -> what page.typ sets: plain data, in which no text is ever read as markup.

Sections and folds become one list of items. A section with a wide table is set on landscape pages.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import shorten
from typing import Any

from vbench_mem.report import document as doc
from vbench_mem.report.write.cutting import shortened_blocks
from vbench_mem.report.write.pdf_tables import layout, table_parts
from vbench_mem.report.write.pdf_words import breakable
from vbench_mem.report.write.plain import clean, not_drawn, one_line

Item = dict[str, Any]
WORD, TITLE_WORD, CODE_WORD = 30, 20, 52  # characters, from which on a word may break
HEADER = 60  # characters of the title that every page repeats
BRIEF = 12  # rows of a table that is only begun
MOST_ENTRIES = 40  # of the contents


def content(document: doc.Document) -> dict[str, Any]:
    """`runs` are all items in order."""
    anchors = {section.anchor for section, _ in doc.by_level(document.sections)}
    return {
        "title": one_line(document.title),
        "shown": breakable(one_line(document.title), TITLE_WORD),
        "header": shorten(one_line(document.title), HEADER, placeholder="…"),
        "subject": one_line(document.about),
        "about": breakable(one_line(document.about), WORD),
        "runs": [
            {"flipped": flipped, "items": [item for _, item in some]}
            for flipped, some in groupby(all_items(document, anchors), key=lambda each: each[0])
        ],
    }


def all_items(document: doc.Document, anchors: set[str]) -> Iterator[tuple[bool, Item]]:
    """Whether the page lies on its side, and the item. The contents come after the section with
    the answer, so that page 1 has it. Of many sections they list the upper ones."""
    every = list(doc.by_level(document.sections))
    contents = {"kind": "contents", "depth": 4 if len(every) <= MOST_ENTRIES else 2}
    first = next((section for section, _ in every if section.blocks), None)
    if first is None or not any(isinstance(it, doc.Summary | doc.Bullets) for it in first.blocks):
        yield False, contents
        first = None
    for section, level in every:
        flipped = is_flipped(section)
        title = breakable(one_line(section.title), TITLE_WORD)
        heading = {"kind": "heading", "level": level, "text": title, "anchor": section.anchor}
        yield flipped, heading
        yield from ((flipped, item) for item in block_items(section.blocks, level + 1, anchors))
        if section is first:
            yield False, contents


def is_flipped(section: doc.Section) -> bool:
    """Does it have a wide table? A heading alone goes with the section after it."""
    while not section.blocks and section.sections:
        section = section.sections[0]
    return any(
        isinstance(it, doc.Table) and layout(it).is_flipped for it in doc.opened(section.blocks)
    )


def block_items(blocks: Iterable[doc.Block], level: int, anchors: set[str]) -> Iterator[Item]:
    for block in blocks:
        if isinstance(block, doc.Fold):
            summary = breakable(one_line(block.summary), WORD)
            yield {"kind": "fold", "level": level, "text": summary}
            inner = shortened_blocks(block.blocks, BRIEF) if block.is_brief else block.blocks
            yield from block_items(inner, level + 1, anchors)
        elif isinstance(block, doc.Table):
            yield from table_parts(block, lambda line, limit: spans(line, anchors, limit))
        else:
            yield block_item(block, anchors)


def block_item(
    block: doc.Paragraph | doc.Summary | doc.Bullets | doc.Code | doc.Figure, anchors: set[str]
) -> Item:
    match block:
        case doc.Paragraph(line, is_soft, keeps_lines):
            text = spans(line, anchors, WORD, keeps_lines)
            return {"kind": "text", "text": text, "soft": is_soft}
        case doc.Summary(facts):
            pairs = [[breakable(one_line(part), TITLE_WORD) for part in fact] for fact in facts]
            return {"kind": "summary", "facts": pairs}
        case doc.Bullets(items):
            lines = [spans(item, anchors, WORD) for item in items]
            return {"kind": "bullets", "items": lines}
        case doc.Code(text):
            lines = clean(text).rstrip("\n").split("\n")
            shown = "\n".join(breakable(line, CODE_WORD) for line in lines)
            return {"kind": "code", "text": shown}
        case doc.Figure():
            return figure_item(block)


def figure_item(figure: doc.Figure) -> Item:
    if figure.svg is None:
        return {"kind": "text", "text": breakable(one_line(not_drawn(figure)), WORD), "soft": True}
    title, caption = one_line(figure.title), one_line(figure.caption)
    return {
        "kind": "figure",
        "title": breakable(title, WORD),
        "caption": breakable(caption, WORD),
        "alt": f"{title.rstrip('.')}. {caption}".strip(),
        "svg": figure.svg,
    }


def spans(line: doc.Line, anchors: set[str], limit: int, keeps_lines: bool = False) -> Any:
    """A text where the line is plain, else [text, tone, target] of each piece."""
    pieces = []
    for span in line:
        text = clean(span.text) if keeps_lines else one_line(span.text)
        text = breakable(text, limit)
        pieces.append((text, span.tone, target(span.link, anchors)))
    if all(tone == "plain" and link is None for _, tone, link in pieces):
        return "".join(text for text, _, _ in pieces)
    return pieces


def target(link: str | None, anchors: set[str]) -> str | None:
    """Links to the web and within the document; a file travels without the folder beside it, so
    that links to its files would lead nowhere."""
    if link is None:
        return None
    if link.startswith("#"):
        return link if link[1:] in anchors else None
    return clean(link) if link.startswith(("http://", "https://")) else None
