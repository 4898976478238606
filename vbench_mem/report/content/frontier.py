"""The Pareto frontier of memory, step time and recall, and which row dominates each other row."""

from collections.abc import Iterable

from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.report.content.chapter import Chapter, named
from vbench_mem.report.document import (
    Block,
    Column,
    Field,
    Fold,
    Paragraph,
    Section,
    Table,
    line,
    plain_table,
)
from vbench_mem.report.overview import HEADS
from vbench_mem.report.pictures.frontier import FrontierRow, frontier_groups
from vbench_mem.report.pictures.time import TIME

ABOUT = (
    "Rows that no comparable row dominates: none is at least as good in {} and better in one of "
    "them."
)
RECALL = Column("R@1", True, "of encoders trained here, or of a score file (share)")
COSTS = (
    Column(HEADS[MEMORY], True, "allocated peak of a training step (bytes)"),
    Column(HEADS[TIME], True, "one step on the device, median (ms)"),
)


def section(chapter: Chapter) -> Section | None:
    groups = [group for group in frontier_groups(chapter.joined) if len(group.rows) > 1]
    if not groups:
        return None
    has_recall = groups[0].has_recall
    rows = [row for group in groups for row in group.rows]
    best = table([row for row in rows if row.is_best], "best", has_recall, chapter)
    dominated = [row for row in rows if not row.is_best]
    what = "memory, step time and recall" if has_recall else "memory and step time"
    blocks: tuple[Block, ...] = (Paragraph(line(ABOUT.format(what))), best)
    if dominated:
        rest = table(dominated, "dominated", has_recall, chapter)
        blocks = (*blocks, Fold(f"Dominated rows: {len(dominated)}", (rest,)))
    return chapter.section("Pareto frontier", "frontier", blocks)


def table(rows: Iterable[FrontierRow], name: str, has_recall: bool, chapter: Chapter) -> Table:
    last = Column("best in") if name == "best" else Column("dominated by")
    columns = (
        Column("row"),
        Column("compared at"),
        *((RECALL,) if has_recall else ()),
        *COSTS,
        last,
    )
    made = (fields(row, has_recall) for row in rows)
    return plain_table(f"{chapter.prefix}frontier-{name}", columns, made, is_browsed=True)


def fields(row: FrontierRow, has_recall: bool) -> tuple[Field, ...]:
    recall = "" if row.recall is None else f"{100 * row.recall:.1f} %"
    return (
        Field(named(row.row)),
        Field(line(row.group)),
        *((Field(line(recall), value=row.recall),) if has_recall else ()),
        Field(line(show(MEMORY, row.memory)), value=row.memory),
        Field(line(show(TIME, row.step_ms)), value=row.step_ms),
        Field(line(", ".join(row.wins) if row.is_best else row.dominated_by or "")),
    )
