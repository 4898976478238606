"""The file of each row by name, for readers on paper."""

from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.document import Column, Field, Fold, Section, Span, line, plain_table
from vbench_mem.report.evidence import link_of


def section(chapter: Chapter) -> Section | None:
    rows = tuple(
        (Field(line(row.label)), Field((Span(link, "code", link=link),)))
        for row in chapter.joined.rows
        if (link := link_of(row)) is not None
    )
    if not rows:
        return None
    columns = (Column("row"), Column("file in the folder of this report"))
    table = plain_table(f"{chapter.prefix}sources", columns, rows)
    return chapter.section("Source files", "sources", (Fold(f"Rows: {len(rows)}", (table,)),))
