"""The file of each row by name, for readers on paper."""

from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.document import Column, Field, Fold, Group, Section, Span, Table, line
from vbench_mem.report.evidence import link_of


def section(chapter: Chapter) -> Section | None:
    rows = tuple(
        (
            Field(line(row.label)),
            Field((Span(link, "code", link=link),)),
        )
        for row in chapter.joined.rows
        if (link := link_of(row)) is not None
    )
    if not rows:
        return None
    table = Table(
        name=f"{chapter.prefix}sources",
        columns=(Column("row"), Column("file in the folder of this report")),
        groups=(Group(rows),),
    )
    return Section(
        title="Source files",
        anchor=chapter.anchor("sources"),
        blocks=(Fold(f"Rows: {len(rows)}", (table,)),),
    )
