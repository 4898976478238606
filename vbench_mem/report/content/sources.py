"""The file of each row by name, for readers on paper."""

from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.evidence import link_of

HEADS = (doc.Column("row"), doc.Column("file in the folder of this report"))


def section(chapter: Chapter) -> doc.Section | None:
    rows = tuple(
        (doc.field_of(row.label), doc.field_of(doc.Span(link, "code", link=link)))
        for row in chapter.joined.rows
        if (link := link_of(row)) is not None
    )
    if not rows:
        return None
    table = doc.plain_table(f"{chapter.prefix}sources", HEADS, rows)
    return chapter.section("Source files", "sources", (doc.Fold(f"Rows: {len(rows)}", (table,)),))
