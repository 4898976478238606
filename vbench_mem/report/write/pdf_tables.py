"""Tables on paper: how large, upright or sideways, in one piece or in several.

The first of these that fits: normal type, smaller type, a page on its side, several tables one
below the other, each with the columns again that tell its rows apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from vbench_mem.report.document import Column, Field, Group, Line, Table
from vbench_mem.report.write.pdf_words import broken, longest_word, width_of
from vbench_mem.report.write.plain import EMPTY, one_line, published_note

UPRIGHT, SIDEWAYS = 493.0, 739.0  # pt: the width of text on A4 within the margins of page.typ
LINES = 25  # a row of more lines may be split over pages
PADDING = 6.0  # pt: both sides of a field
MOST_NAMES = 4
SLACK = 0.3  # em
SIZES = (8.5, 7.5, 6.5)  # pt
SIDEWAYS_SIZES = (8.5, 7.5, 6.5)
NAME, TEXT, NUMBER, WORD = 24.0, 14.0, 12.0, 9.0  # em: more than that and it is wrapped


@dataclass(frozen=True)
class Need:
    """Of a column, in em: the room in which it reads well, and that in which nothing is wrapped."""

    wanted: float
    natural: float


def field_width(line: Line, measure: Any = width_of) -> float:
    return sum(measure(one_line(s.text), is_bold=s.tone in ("bad", "strong")) for s in line)


def need(table: Table, number: int) -> Need:
    column = table.columns[number]
    lines = [row[number].line for row in table.rows if number < len(row)]
    natural = max(map(field_width, lines), default=0.0)
    most = NAME if number == 0 else NUMBER if column.is_number else TEXT
    head = one_line(column.head)
    third = width_of(head, is_bold=True) / 3
    word = longest_word(head, is_bold=True)
    wanted = max(min(natural, most), min(word, WORD), min(third, WORD), 2.0)
    return Need(wanted + SLACK, max(natural, wanted, word) + SLACK)


def room(needs: Sequence[Need], size: float) -> float:
    """pt that the columns take when they have what they want."""
    return sum(each.wanted * size + PADDING for each in needs)


def laid_out(table: Table) -> tuple[float, bool, list[list[int]]]:
    """Size of type, whether the page lies on its side, and the columns of each piece."""
    needs = [need(table, number) for number in range(len(table.columns))]
    everything = list(range(len(needs)))
    for is_flipped, sizes, most in ((False, SIZES, UPRIGHT), (True, SIDEWAYS_SIZES, SIDEWAYS)):
        for size in sizes:
            if room(needs, size) <= most:
                return size, is_flipped, [everything]
    return size, True, pieces(needs, size, names(table, needs, size))


def names(table: Table, needs: Sequence[Need], size: float) -> list[int]:
    """The first columns, as many as it takes to tell all rows apart, within reason."""
    count, rows = 1, list(table.rows)
    while count < MOST_NAMES and room(needs[: count + 1], size) < SIDEWAYS / 2:
        if len({tuple(field.text for field in row[:count]) for row in rows}) == len(rows):
            break
        count += 1
    return list(range(count))


def pieces(needs: Sequence[Need], size: float, names: list[int]) -> list[list[int]]:
    """Columns of each table, as few tables as can be and about equally wide."""

    def cut(most: float) -> list[list[int]]:
        parts = [names.copy()]
        for number in range(len(names), len(needs)):
            some = [needs[each] for each in (*parts[-1], number)]
            if room(some, size) > most and len(parts[-1]) > len(names):
                parts.append(names.copy())
            parts[-1].append(number)
        return parts

    best = cut(SIDEWAYS)
    for most in range(int(SIDEWAYS), int(SIDEWAYS / 2), -10):
        narrower = cut(most)
        if len(narrower) > len(best):
            break
        best = narrower
    return best


def widths(needs: Sequence[Need], size: float, most: float) -> list[float]:
    """em of each column: what it wants, and its share of what is left up to its natural width."""
    left = max(0.0, most - room(needs, size)) / size
    lack = sum(each.natural - each.wanted for each in needs)
    share = min(1.0, left / lack) if lack else 0.0
    return [each.wanted + share * (each.natural - each.wanted) for each in needs]


def table_parts(table: Table, spans: Any) -> list[dict[str, Any]]:
    """What page.typ draws; `spans` makes a line ready for it, given the room for a word."""
    if not table.columns:
        return []
    size, is_flipped, parts = laid_out(table)
    needs = [need(table, number) for number in range(len(table.columns))]
    whole = len(table.columns)
    made = []
    for place, numbers in enumerate(parts):
        some = [needs[number] for number in numbers]
        ems = widths(some, size, SIDEWAYS if is_flipped else UPRIGHT)
        columns = [table.columns[number] for number in numbers]
        part = drawn_part(table.groups, numbers, columns, ems, spans)
        part |= {
            "kind": "table",
            "size": size,
            "flipped": is_flipped,
            "widths": [round(em * size + PADDING, 2) for em in ems],
            "said": part_text(parts, place, whole),
            "note": note_text(table) if place == len(parts) - 1 else "",
        }
        made.append(part)
    return made


def drawn_part(
    groups: Sequence[Group],
    numbers: Sequence[int],
    columns: Sequence[Column],
    ems: Sequence[float],
    spans: Any,
) -> dict[str, Any]:
    limits = [em - SLACK for em in ems]
    heads = [
        broken(one_line(column.head), limit, is_bold=True)
        for column, limit in zip(columns, limits, strict=True)
    ]
    return {
        "align": ["right" if column.is_number else "left" for column in columns],
        "published": [column.is_published for column in columns],
        "heads": heads,
        # a heading that is repeated would be wrong above rows that have none
        "repeats": all(group.head is not None for group in groups),
        "groups": [
            {
                "head": spans(group.head, sum(limits) * 0.75) if group.head is not None else None,
                "reference": group.is_reference,
                "rows": [drawn_row(row, numbers, limits, spans) for row in group.rows],
            }
            for group in groups
        ],
    }


def drawn_row(
    row: Sequence[Field], numbers: Sequence[int], limits: Sequence[float], spans: Any
) -> dict[str, Any]:
    lines = [row[number].line if number < len(row) else () for number in numbers]
    high = max(
        ceil(1.2 * field_width(line) / limit) for line, limit in zip(lines, limits, strict=True)
    )
    cells = [spans(line or EMPTY, limit) for line, limit in zip(lines, limits, strict=True)]
    return {"cells": cells, "splits": high > LINES}


def part_text(parts: Sequence[Sequence[int]], place: int, whole: int) -> str:
    """Which columns these are, of a table in several pieces; empty of one in one piece."""
    if len(parts) == 1:
        return ""
    first = parts[place - 1][-1] + 1 if place else 0
    start = "continued: columns" if place else "columns"
    end = "" if place == len(parts) - 1 else ", continued below"
    return f"{start} {first + 1} to {parts[place][-1] + 1} of {whole}{end}"


def note_text(table: Table) -> str:
    return broken(one_line(published_note(table)), 40)
