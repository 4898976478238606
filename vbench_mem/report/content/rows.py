"""The table of all rows, with the value that each field is sorted by."""

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.units import significant
from vbench_mem.probes.prediction import Prediction
from vbench_mem.report import document
from vbench_mem.report.content.chapter import Chapter, named, state_span
from vbench_mem.report.document import Block, Field, Paragraph, Span, Table, line, plain_table
from vbench_mem.report.overview import (
    OverviewColumn,
    axis_text,
    cell_text,
    columns,
    load_axes,
    why_empty,
)

GIGA = 1e9
ABOUT = (
    "A dash is a missing number; its tooltip and the section on failures give the reason. Each "
    "name links to the file of its row."
)
WORK = document.Column(
    "GFLOP/clip", True, "forward and backward of one clip, counted while predicting"
)


def rows_blocks(chapter: Chapter) -> tuple[Block, ...]:
    joined = chapter.joined
    shown = columns(joined)
    name = f"{chapter.prefix}table.csv"
    text = line("All columns are in ", Span(name, link=name), f". {ABOUT}")
    table = rows_table(joined, shown, f"{chapter.prefix}rows")
    return (Paragraph(text, is_soft=True), table)


def rows_table(joined: Joined, shown: list[OverviewColumn], name: str) -> Table:
    axes = load_axes(joined)
    costs = [column for column in shown if not column.is_score]
    scores = [column for column in shown if column.is_score]
    has_work = any(gflop_of(row) is not None for row in joined.rows)
    heads = (
        document.Column("variant"),
        *(document.Column(axis, is_counted(joined, axis)) for axis in axes),
        document.Column("status"),
        *map(head_of, costs),
        *((WORK,) if has_work else ()),
        *map(head_of, scores),
    )
    fields = (
        (
            Field(named(row, row.cell.variant)),
            *(axis_field(row, axis) for axis in axes),
            Field((state_span(row.state, row.reason),), title=row.reason),
            *(number_field(row, column) for column in costs),
            *((work_field(row),) if has_work else ()),
            *(number_field(row, column) for column in scores),
        )
        for row in joined.rows
    )
    return plain_table(name, heads, fields, is_browsed=True)


def head_of(column: OverviewColumn) -> document.Column:
    return document.Column(column.head, True, column.meaning, column.is_published)


def work_field(row: Row) -> Field:
    work = gflop_of(row)
    return (
        Field(title=row.reason) if work is None else Field(line(significant(work, 4)), value=work)
    )


def gflop_of(row: Row) -> float | None:
    """GFLOP of a step for each clip, where only the prediction counted them."""
    if row.record is not None or not isinstance(row.prediction, Prediction):
        return None
    return row.prediction.flop / row.cell.load.batch / GIGA


def is_counted(joined: Joined, axis: str) -> bool:
    """Are all its values numbers?"""
    values = [row.facts.get(axis) for row in joined.rows]
    return all(isinstance(value, int | float) for value in values if not isinstance(value, bool))


def axis_field(row: Row, axis: str) -> Field:
    value = row.facts.get(axis)
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return Field(line(axis_text(row, axis)), value=value if is_plain else None)


def number_field(row: Row, column: OverviewColumn) -> Field:
    text = cell_text(row, column)
    if not text:
        return Field(title=why_empty(row, column))
    if column.is_score:
        return Field(line(text), value=row.scores[column.name].value)
    return Field(line(text), value=row.metric(column.name))
