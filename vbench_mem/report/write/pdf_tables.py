"""Tables of the PDF: size of type, orientation of the page, and the columns of each part.

Widths are counted in characters; Typst sets the columns, repeats headings and breaks pages. The
first of these that fits is taken: smaller type, a page on its side, several tables one below the
other, each starting with the columns that identify its rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from vbench_mem.report.document import Column, Group, Line, Table
from vbench_mem.report.write.pdf_words import breakable
from vbench_mem.report.write.plain import EMPTY, one_line, published_note

UPRIGHT, SIDEWAYS = 493.0, 739.0  # pt: the width of text on A4 within the margins of page.typ
PADDING = 6.0  # pt: both sides of a field
SIZES = (8.5, 7.5, 6.5)  # pt
LETTER = 0.64  # em: width of a character, averaged over words and numbers in DejaVu Sans
WIDEST = 30  # characters; a column with longer text wraps it and takes what the others leave
HEAD, HEAD_WORD = 10, 16  # characters of a line and of a word of a heading
MOST_NAMES = 4
HIGH = 1000  # characters of a field, from which on its row may break across pages
Spans = Callable[[Line, int], Any]  # text ready for Typst, given the longest word allowed


@dataclass(frozen=True)
class Layout:
    """`longest`: characters of the longest field, by column; `parts`: columns of each part."""

    size: float
    is_flipped: bool
    longest: list[int]
    parts: list[list[int]]


def layout(table: Table) -> Layout:
    longest = table.longest()
    widths = [
        min(WIDEST, max(most, max(map(len, head_text(column.head, most).split("\n")))))
        for most, column in zip(longest, table.columns, strict=True)
    ]
    everything = list(range(len(widths)))
    for is_flipped, room in ((False, UPRIGHT), (True, SIDEWAYS)):
        for size in SIZES:
            if width(widths, size) <= room:
                return Layout(size, is_flipped, longest, [everything])
    return Layout(SIZES[-1], True, longest, cut(widths, names(table, widths)))


def width(widths: Sequence[int], size: float) -> float:
    """pt, of columns with so many characters."""
    return sum(each * LETTER * size + PADDING for each in widths)


def head_text(head: str, longest: int) -> str:
    """The heading in lines about as wide as its column, its words whole up to `HEAD_WORD`."""
    word = max(map(len, head.split()), default=0)
    return fill(one_line(head), max(HEAD, min(longest, WIDEST), min(word, HEAD_WORD)))


def names(table: Table, widths: Sequence[int]) -> list[int]:
    """The first columns, as many as it takes to identify each row, within half of the page."""
    rows = list(table.rows)
    for count in range(1, MOST_NAMES + 1):
        is_unique = len({tuple(field.text for field in row[:count]) for row in rows}) == len(rows)
        if is_unique or width(widths[: count + 1], SIZES[-1]) >= SIDEWAYS / 2:
            break
    return list(range(count))


def cut(widths: Sequence[int], names: list[int]) -> list[list[int]]:
    parts = [names.copy()]
    for number in range(len(names), len(widths)):
        some = [widths[each] for each in (*parts[-1], number)]
        if width(some, SIZES[-1]) > SIDEWAYS and len(parts[-1]) > len(names):
            parts.append(names.copy())
        parts[-1].append(number)
    return parts


def table_parts(table: Table, spans: Spans) -> list[dict[str, Any]]:
    """What page.typ draws."""
    if not table.columns:
        return []
    found = layout(table)
    last = len(found.parts) - 1
    return [
        {
            "kind": "table",
            "size": found.size,
            "columns": [drawn_column(table.columns[it], found.longest[it]) for it in numbers],
            # a repeated group heading would be wrong above rows of a group without one
            "repeats": all(group.head is not None for group in table.groups),
            "groups": [drawn_group(group, numbers, spans) for group in table.groups],
            "about": part_text(found.parts, place, len(table.columns)),
            "note": breakable(one_line(published_note(table)), HEAD) if place == last else "",
        }
        for place, numbers in enumerate(found.parts)
    ]


def drawn_column(column: Column, longest: int) -> dict[str, Any]:
    """`share` of what other columns leave; 0 where the column is as wide as its text."""
    share = longest if longest > WIDEST else 0
    head = head_text(column.head, longest)
    return {"head": head, "share": share, "number": column.is_number, "far": column.is_published}


def drawn_group(group: Group, numbers: Sequence[int], spans: Spans) -> dict[str, Any]:
    return {
        "head": None if group.head is None else spans(group.head, WIDEST),
        "reference": group.is_reference,
        "rows": [
            {
                "cells": [spans(row[number].line or EMPTY, HEAD) for number in numbers],
                "splits": max(len(row[number].text) for number in numbers) > HIGH,
            }
            for row in group.rows
        ],
    }


def part_text(parts: Sequence[Sequence[int]], place: int, count: int) -> str:
    """Which columns a part has; empty for a table in one part."""
    if len(parts) == 1:
        return ""
    first = parts[place - 1][-1] + 2 if place else 1
    start = "continued: columns" if place else "columns"
    return f"{start} {first} to {parts[place][-1] + 1} of {count}"
