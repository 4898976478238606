"""The report model: content without layout, rendered as HTML, PDF and Markdown.

All text is plain: renderers escape it. Nothing here knows what a cell or a metric is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from vbench_mem.report.marks import Mark

T = TypeVar("T")
# `good` and `bad` are of verdicts and endings, `quiet` of what was not judged or not run.
Tone = Literal["plain", "soft", "strong", "code", "good", "bad", "quiet"]


@dataclass(frozen=True)
class Span:
    """A piece of a line. `link` is relative to the report's folder; `title` is a tooltip, and
    its text is elsewhere too if it is important."""

    text: str
    tone: Tone = "plain"
    link: str | None = None
    title: str | None = None


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def text_of(parts: Line) -> str:
    return "".join(span.text for span in parts)


@dataclass(frozen=True)
class Paragraph:
    """`is_soft`: an aside; `keeps_lines`: its line feeds are meant."""

    line: Line
    is_soft: bool = False
    keeps_lines: bool = False


def paragraph(*parts: str | Span) -> Paragraph:
    return Paragraph(line(*parts))


def aside(*parts: str | Span) -> Paragraph:
    return Paragraph(line(*parts), is_soft=True)


Fact = tuple[str, str]  # label, text


@dataclass(frozen=True)
class Summary:
    """The main results as labelled facts, the most important first."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Bullets:
    items: tuple[Line, ...]


def bullets(items: Iterable[Line | str]) -> Bullets:
    return Bullets(tuple(line(item) if isinstance(item, str) else item for item in items))


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Field:
    """Of a table. `value`: the sort key, where it is not the text; `title`: a tooltip with the full
    text, or why the field is empty."""

    line: Line = ()
    value: float | None = None
    title: str | None = None

    @property
    def text(self) -> str:
        return text_of(self.line)


def field_of(*parts: str | Span, value: float | None = None, title: str | None = None) -> Field:
    return Field(line(*parts), value, title)


def text_fields(*texts: str) -> tuple[Field, ...]:
    return tuple(map(field_of, texts))


@dataclass(frozen=True)
class Column:
    """`meaning` is one line with the unit; published columns are not from this machine."""

    head: str
    is_number: bool = False
    meaning: str = ""
    is_published: bool = False


@dataclass(frozen=True)
class Group:
    """Rows of a table, with or without a heading; `is_reference`: rows of no encoder."""

    rows: tuple[tuple[Field, ...], ...]
    head: Line | None = None
    is_reference: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """`name` is unique in the document, fit for a file name or an anchor. The first column names
    the row. `is_browsed`: rows of equal rank, which a reader may sort and filter."""

    name: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    is_browsed: bool = False

    @property
    def rows(self) -> Iterator[tuple[Field, ...]]:
        return (row for group in self.groups for row in group.rows)

    def longest(self) -> list[int]:
        """Characters of the longest field of each column."""
        found = [0] * len(self.columns)
        for row in self.rows:
            found = [max(most, len(it.text)) for most, it in zip(found, row, strict=True)]
        return found


def plain_table(
    name: str,
    columns: Iterable[Column],
    rows: Iterable[tuple[Field, ...]],
    is_browsed: bool = False,
) -> Table:
    """A table of one group without a heading."""
    groups = (Group(tuple(rows)),)
    return Table(name=name, columns=tuple(columns), groups=groups, is_browsed=is_browsed)


def table_of(
    name: str,
    items: Iterable[T],
    columns: Iterable[tuple[Column, Callable[[T], Field | str]]],
    is_browsed: bool = False,
) -> Table:
    """A row for each item; each column comes with what it shows of one."""
    heads, reads = zip(*columns, strict=True)
    shown = ([read(item) for read in reads] for item in items)
    rows = (tuple(field_of(it) if isinstance(it, str) else it for it in row) for row in shown)
    return plain_table(name, heads, rows, is_browsed)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure, or the reason why there is none.

    svg     the whole file as text
    has_files  was it written as figures/`name`.svg and .png, too?
    tips    the marks of its SVG groups, by the id of the group
    """

    name: str
    title: str
    caption: str = ""
    svg: str | None = None
    skipped: str | None = None
    has_files: bool = True
    tips: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fold:
    """Blocks behind a summary: closed on a screen unless `is_open`, open on paper. `is_brief`: the
    PDF has only the first rows of its tables and lists."""

    summary: str
    blocks: "tuple[Block, ...]"
    is_open: bool = False
    is_brief: bool = False


Block = Paragraph | Summary | Bullets | Code | Table | Figure | Fold


@dataclass(frozen=True, kw_only=True)
class Section:
    """`anchor` is unique in the document: a-z, 0-9 and hyphens."""

    title: str
    anchor: str
    blocks: tuple[Block, ...] = ()
    sections: "tuple[Section, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """`about` is one line below the title: machine, version."""

    title: str
    about: str
    sections: tuple[Section, ...]

    def blocks(self) -> Iterator[Block]:
        """Every block in reading order, those of folds after their fold."""
        for section, _ in by_level(self.sections):
            yield from opened(section.blocks)


def by_level(sections: Iterable[Section], level: int = 1) -> Iterator[tuple[Section, int]]:
    """Every section in reading order, with the level of its heading."""
    for section in sections:
        yield section, level
        yield from by_level(section.sections, level + 1)


def opened(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from opened(block.blocks)
