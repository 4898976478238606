"""A document -> what page.typ sets: plain data, in which no text is ever read as markup.

Sections and folds become one list of items. Runs of items share an orientation of the page.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from vbench_mem.report.document import (
    Answer,
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Fold,
    Line,
    Paragraph,
    Section,
    Table,
)
from vbench_mem.report.write.cutting import cut_blocks
from vbench_mem.report.write.pdf_tables import table_parts
from vbench_mem.report.write.pdf_words import broken, shortened
from vbench_mem.report.write.plain import clean, not_drawn, one_line

Item = dict[str, Any]
WORD, TITLE_WORD, HEAD_WORD, CODE_WORD = 34.0, 20.0, 20.0, 52.0  # em: the room for one word
HEADER = 52.0  # em
BRIEF = 12  # rows of a table that is only begun
MOST_ENTRIES = 40  # of the contents
LONG = 40  # lines of a list or of code: more are set in smaller type


def content(document: Document) -> dict[str, Any]:
    """`runs` are all items in order."""
    anchors = {section.anchor for section in every_section(document.sections)}
    items = list(all_items(document, anchors))
    return {
        "title": one_line(document.title),
        "shown": broken(one_line(document.title), TITLE_WORD),
        "header": shortened(one_line(document.title), HEADER),
        "subject": one_line(document.about),
        "about": broken(one_line(document.about), WORD),
        "runs": [
            {"flipped": flipped, "items": list(some)}
            for flipped, some in groupby(turned(items), key=lambda item: item["flipped"])
        ],
    }


def every_section(sections: Iterable[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from every_section(section.sections)


def all_items(document: Document, anchors: set[str]) -> Iterator[Item]:
    """The contents come after the section with the answer, or with the answers of all chapters:
    page 1 is for those who read no more. Of many sections they name the upper ones."""
    count = sum(1 for _ in every_section(document.sections))
    contents = {"kind": "contents", "depth": 4 if count <= MOST_ENTRIES else 2}
    opening = next(every_section(document.sections), None)
    while opening is not None and not opening.blocks and opening.sections:
        opening = opening.sections[0]
    if opening is None or not any(isinstance(it, Answer | Bullets) for it in opening.blocks):
        yield contents
        opening = None
    for section in document.sections:
        for item in section_items(section, 1, anchors, opening):
            yield contents if item["kind"] == "contents" else item


def section_items(
    section: Section, level: int, anchors: set[str], opening: Section | None
) -> Iterator[Item]:
    """`opening` is the section that the contents come after."""
    title = broken(one_line(section.title), HEAD_WORD)
    yield {"kind": "heading", "level": level, "text": title, "anchor": section.anchor}
    yield from block_items(section.blocks, level + 1, anchors)
    if section is opening:
        yield {"kind": "contents"}
    for inner in section.sections:
        yield from section_items(inner, level + 1, anchors, opening)


def block_items(blocks: Iterable[Block], level: int, anchors: set[str]) -> Iterator[Item]:
    for block in blocks:
        if isinstance(block, Fold):
            summary = broken(one_line(block.summary), WORD)
            yield {"kind": "fold", "level": level, "text": summary}
            inner = cut_blocks(block.blocks, BRIEF, ()) if block.is_brief else block.blocks
            yield from block_items(inner, level + 1, anchors)
        elif isinstance(block, Table):
            yield from table_parts(block, lambda line, limit: spans(line, anchors, limit))
        else:
            yield block_item(block, anchors)


def block_item(block: Paragraph | Answer | Bullets | Code | Figure, anchors: set[str]) -> Item:
    match block:
        case Paragraph(line, is_soft, keeps_lines):
            text = spans(line, anchors, WORD, keeps_lines)
            return {"kind": "text", "text": text, "soft": is_soft}
        case Answer(lead, more):
            return {
                "kind": "answer",
                "lead": [broken(one_line(each), TITLE_WORD) for each in lead],
                "more": [broken(one_line(each), WORD) for each in more],
            }
        case Bullets(items):
            lines = [spans(item, anchors, WORD) for item in items]
            return {"kind": "bullets", "items": lines, "small": len(items) > LONG}
        case Code(text):
            lines = clean(text).rstrip("\n").split("\n")
            shown = "\n".join(broken(line, CODE_WORD, is_mono=True) for line in lines)
            return {"kind": "code", "text": shown, "small": len(lines) > LONG}
        case Figure():
            return figure_item(block)


def figure_item(figure: Figure) -> Item:
    if figure.svg is None:
        return {"kind": "text", "text": broken(one_line(not_drawn(figure)), WORD), "soft": True}
    title, caption = one_line(figure.title), one_line(figure.caption)
    return {
        "kind": "figure",
        "title": broken(title, WORD),
        "caption": broken(caption, WORD),
        "alt": f"{title.rstrip('.')}. {caption}".strip(),
        "svg": figure.svg,
    }


def spans(line: Line, anchors: set[str], limit: float, keeps_lines: bool = False) -> Any:
    """A text where the line is plain, else [text, tone, target] of each piece."""
    pieces = []
    for span in line:
        is_bold, is_mono = span.tone in ("bad", "strong"), span.tone == "code"
        text = clean(span.text) if keeps_lines else one_line(span.text)
        text = broken(text, limit, is_bold=is_bold, is_mono=is_mono)
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


def turned(items: list[Item]) -> Iterator[Item]:
    """Every item with its orientation: a wide table takes its headings and texts along."""
    taken: tuple[str, ...] = ()
    found = []
    for item in reversed(items):
        flipped = item.get("flipped", item["kind"] in taken)
        if not flipped:
            taken = ()
        elif item["kind"] == "heading":
            taken = ("heading",)
        elif item["kind"] == "table":
            taken = ("heading", "fold", "text")
        found.append(item | {"flipped": flipped})
    return reversed(found)
