"""What nothing beats in memory, time and recall, and by what every other row is beaten."""

from collections.abc import Iterable

from vbench_mem.base.metrics import MEMORY, show
from vbench_mem.report.content.chapter import Chapter, named
from vbench_mem.report.document import (
    Block,
    Column,
    Field,
    Fold,
    Group,
    Paragraph,
    Section,
    Table,
    line,
)
from vbench_mem.report.overview import HEADS
from vbench_mem.report.pictures.frontier import FrontierRow, frontier_groups
from vbench_mem.report.pictures.time import TIME

ABOUT = (
    "A row stands here while no other that can be compared with it is at least as good in {} and "
    "better in one of them."
)
RECALL = Column("R@1", True, "of encoders trained here, or handed in (share)")
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
    beaten = [row for row in rows if not row.is_best]
    what = "memory, step time and recall" if has_recall else "memory and step time"
    blocks: tuple[Block, ...] = (Paragraph(line(ABOUT.format(what))), best)
    if beaten:
        rest = table(beaten, "beaten", has_recall, chapter)
        said = "The row that is" if len(beaten) == 1 else f"The {len(beaten)} that are"
        blocks = (*blocks, Fold(f"{said} beaten, and by what", (rest,)))
    return Section(title="What nothing beats", anchor=chapter.anchor("frontier"), blocks=blocks)


def table(rows: Iterable[FrontierRow], name: str, has_recall: bool, chapter: Chapter) -> Table:
    last = Column("best in") if name == "best" else Column("beaten by")
    columns = (
        Column("row"),
        Column("compared at"),
        *((RECALL,) if has_recall else ()),
        *COSTS,
        last,
    )
    return Table(
        name=f"{chapter.prefix}frontier-{name}",
        columns=columns,
        groups=(Group(tuple(fields(row, has_recall) for row in rows)),),
        is_browsed=True,
    )


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
