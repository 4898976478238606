"""The table of all rows, with the value that each field is sorted by."""

from collections.abc import Callable
from functools import partial

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.units import significant
from vbench_mem.probes.prediction import Prediction
from vbench_mem.report import document as doc
from vbench_mem.report import overview
from vbench_mem.report.content.chapter import Chapter, named, state_span

GIGA = 1e9
ABOUT = (
    "A dash is a missing number; its tooltip and the section on failures give the reason. Each "
    "name links to the file of its row."
)
WORK = doc.Column("GFLOP/clip", True, "forward and backward of one clip, counted while predicting")
Shown = tuple[doc.Column, Callable[[Row], doc.Field]]


def rows_blocks(chapter: Chapter) -> tuple[doc.Block, ...]:
    name = f"{chapter.prefix}table.csv"
    about = doc.aside("All columns are in ", doc.Span(name, link=name), f". {ABOUT}")
    shown = shown_columns(chapter.joined)
    table = doc.table_of(f"{chapter.prefix}rows", chapter.joined.rows, shown, is_browsed=True)
    return (about, table)


def shown_columns(joined: Joined) -> list[Shown]:
    every = overview.columns(joined)
    has_work = any(gflop_of(row) is not None for row in joined.rows)
    return [
        (doc.Column("variant"), lambda row: doc.Field(named(row, row.cell.variant))),
        *(axis_column(joined, axis) for axis in overview.load_axes(joined)),
        (
            doc.Column("status"),
            lambda r: doc.field_of(state_span(r.state, r.reason), title=r.reason),
        ),
        *(number_column(column) for column in every if not column.is_score),
        *([(WORK, work_field)] if has_work else []),
        *(number_column(column) for column in every if column.is_score),
    ]


def axis_column(joined: Joined, axis: str) -> Shown:
    values = [row.facts.get(axis) for row in joined.rows]
    is_number = all(isinstance(each, int | float) for each in values if not isinstance(each, bool))
    return doc.Column(axis, is_number), partial(axis_field, axis=axis)


def number_column(column: overview.OverviewColumn) -> Shown:
    head = doc.Column(column.head, True, column.meaning, column.is_published)
    return head, partial(number_field, column=column)


def work_field(row: Row) -> doc.Field:
    work = gflop_of(row)
    if work is None:
        return doc.Field(title=row.reason)
    return doc.field_of(significant(work, 4), value=work)


def gflop_of(row: Row) -> float | None:
    """GFLOP of a step for each clip, where only the prediction counted them."""
    if row.record is not None or not isinstance(row.prediction, Prediction):
        return None
    return row.prediction.flop / row.cell.load.batch / GIGA


def axis_field(row: Row, axis: str) -> doc.Field:
    value = row.facts.get(axis)
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return doc.field_of(overview.axis_text(row, axis), value=value if is_plain else None)


def number_field(row: Row, column: overview.OverviewColumn) -> doc.Field:
    text = overview.cell_text(row, column)
    if not text:
        return doc.Field(title=overview.why_empty(row, column))
    if column.is_score:
        return doc.field_of(text, value=row.scores[column.name].value)
    return doc.field_of(text, value=row.metric(column.name))
