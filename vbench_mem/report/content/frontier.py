"""The Pareto frontier of memory, step time and recall, and which row dominates each other row."""

from collections.abc import Callable, Iterable

from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter, named
from vbench_mem.report.overview import HEADS
from vbench_mem.report.pictures.frontier import FrontierRow, frontier_groups
from vbench_mem.report.pictures.time import TIME

ABOUT = (
    "Rows that no comparable row dominates: none is at least as good in {} and better in one of "
    "them."
)
RECALL = doc.Column("R@1", True, "of encoders trained here, or of a score file (share)")
PEAK = doc.Column(HEADS[MEMORY], True, "allocated peak of a training step (bytes)")
STEP = doc.Column(HEADS[TIME], True, "one step on the device, median (ms)")


def section(chapter: Chapter) -> doc.Section | None:
    groups = [group for group in frontier_groups(chapter.joined) if len(group.rows) > 1]
    if not groups:
        return None
    has_recall = groups[0].has_recall
    rows = [row for group in groups for row in group.rows]
    best = [row for row in rows if row.is_best]
    what = "memory, step time and recall" if has_recall else "memory and step time"
    blocks: list[doc.Block] = [
        doc.paragraph(ABOUT.format(what)),
        table(best, f"{chapter.prefix}frontier-best", "best in", has_recall),
    ]
    if dominated := [row for row in rows if not row.is_best]:
        rest = table(dominated, f"{chapter.prefix}frontier-dominated", "dominated by", has_recall)
        blocks.append(doc.Fold(f"Dominated rows: {len(dominated)}", (rest,)))
    return chapter.section("Pareto frontier", "frontier", blocks)


def table(rows: Iterable[FrontierRow], name: str, last: str, has_recall: bool) -> doc.Table:
    columns: list[tuple[doc.Column, Callable[[FrontierRow], doc.Field | str]]] = [
        (doc.Column("row"), lambda row: doc.Field(named(row.row))),
        (doc.Column("compared at"), lambda row: row.group),
        *([(RECALL, recall_field)] if has_recall else []),
        (PEAK, lambda row: doc.field_of(show(MEMORY, row.memory), value=row.memory)),
        (STEP, lambda row: doc.field_of(show(TIME, row.step_ms), value=row.step_ms)),
        (doc.Column(last), lambda it: ", ".join(it.wins) if it.is_best else it.dominated_by or ""),
    ]
    return doc.table_of(name, rows, columns, is_browsed=True)


def recall_field(row: FrontierRow) -> doc.Field:
    text = "" if row.recall is None else f"{100 * row.recall:.1f} %"
    return doc.field_of(text, value=row.recall)
