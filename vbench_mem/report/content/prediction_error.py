"""Predicted and measured peak memory, row by row."""

from vbench_mem.report.content.chapter import Chapter, named
from vbench_mem.report.document import (
    Column,
    Field,
    Fold,
    Group,
    Paragraph,
    Section,
    Span,
    Table,
    line,
)
from vbench_mem.report.prediction_error import PredictionError, compare, verdict

SHOWN = 24  # rows that are not folded if one differs


def section(chapter: Chapter) -> Section | None:
    found = compare(chapter.joined)
    if not found:
        return None
    is_off = any(each.phase for each in found)
    note = " Rows that differ by more than 5 % name the phase with the largest difference."
    heads = [
        Column("row"),
        Column("difference", True),
        Column("predicted peak", True),
        Column("measured peak", True),
        *((Column("largest difference in"),) if is_off else ()),
    ]
    table = Table(
        name=f"{chapter.prefix}predicted",
        columns=tuple(heads),
        groups=(Group(tuple(fields(each, is_off) for each in found)),),
    )
    is_open = len(found) <= SHOWN and not all(each.is_equal for each in found)
    text = verdict(found) + (note if is_off else "")
    return Section(
        title="Predicted and measured peak memory",
        anchor=chapter.anchor("predicted"),
        blocks=(Paragraph(line(text)), Fold(f"Rows: {len(found)}", (table,), is_open)),
    )


def fields(each: PredictionError, is_off: bool) -> tuple[Field, ...]:
    predicted, measured, difference = each.texts
    found = [
        Field(named(each.row)),
        Field(line(Span(difference, "strong" if each.phase else "plain")), value=each.error),
        Field(line(predicted), value=each.predicted),
        Field(line(measured), value=each.measured),
    ]
    return (*found, Field(line(each.phase or ""))) if is_off else tuple(found)
