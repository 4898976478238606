"""Prediction beside measurement."""

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
from vbench_mem.report.prediction_error import Comparison, compare, verdict

SHOWN = 24  # rows that stand open where one is off


def section(chapter: Chapter) -> Section | None:
    found = compare(chapter.joined)
    if not found:
        return None
    is_off = any(each.phase for each in found)
    note = "; a row that is off by more than 5 % names the phase that is furthest off"
    heads = [
        Column("row"),
        Column("difference", True),
        Column("predicted peak", True),
        Column("measured peak", True),
        *((Column("furthest off in"),) if is_off else ()),
    ]
    table = Table(
        name=f"{chapter.prefix}predicted",
        columns=tuple(heads),
        groups=(Group(tuple(fields(each, is_off) for each in found)),),
    )
    summary = "The row" if len(found) == 1 else f"All {len(found)} rows"
    is_open = len(found) <= SHOWN and not all(each.is_equal for each in found)
    said = f"{verdict(found)} A prediction needs no device{note if is_off else ''}."
    return Section(
        title="Prediction beside measurement",
        anchor=chapter.anchor("predicted"),
        blocks=(Paragraph(line(said)), Fold(summary, (table,), is_open)),
    )


def fields(each: Comparison, is_off: bool) -> tuple[Field, ...]:
    predicted, measured, difference = each.texts
    found = [
        Field(named(each.row)),
        Field(line(Span(difference, "strong" if each.phase else "plain")), value=each.error),
        Field(line(predicted), value=each.predicted),
        Field(line(measured), value=each.measured),
    ]
    return (*found, Field(line(each.phase or ""))) if is_off else tuple(found)
