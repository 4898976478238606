"""A document as plain words, so that a test can say what a report tells without a renderer."""

from collections.abc import Iterator

from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.join import Joined
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.content.whole import document_of
from vbench_mem.report.document import (
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Fold,
    Paragraph,
    Section,
    Summary,
    Table,
    text_of,
)


def document(joined: Joined, *figures: Figure) -> Document:
    verdicts = judge(joined.matrix.budgets, joined)
    chapter = Chapter(joined=joined, verdicts=verdicts, figures=figures)
    return document_of([chapter], joined.matrix.name)


def sections(document: Document) -> Iterator[Section]:
    """Every section in reading order."""

    def below(section: Section) -> Iterator[Section]:
        yield section
        for inner in section.sections:
            yield from below(inner)

    for section in document.sections:
        yield from below(section)


def part(document: Document, title: str) -> Section:
    (found,) = [section for section in sections(document) if section.title == title]
    return found


def words(document: Document) -> str:
    """All its text, tooltips too."""
    parts = [document.title, document.about]
    for section in sections(document):
        parts.append(section.title)
        parts += (text for block in section.blocks for text in texts(block))
    return " ".join(" ".join(parts).split())


def words_of(section: Section) -> str:
    own = [text for block in section.blocks for text in texts(block)]
    return " ".join([section.title, *own, *map(words_of, section.sections)])


def texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(line):
            yield text_of(line)
        case Summary(facts):
            yield from (f"{label}: {text}" for label, text in facts)
        case Bullets(items):
            yield from map(text_of, items)
        case Code(text):
            yield text
        case Fold(summary, blocks):
            yield summary
            for inner in blocks:
                yield from texts(inner)
        case Figure():
            yield f"{block.title} {block.caption} {block.skipped or ''}"
        case Table():
            yield from (column.head for column in block.columns)
            for group in block.groups:
                yield text_of(group.head or ())
                for row in group.rows:
                    yield from (f"{field.text} {field.title or ''}" for field in row)
