"""The file behind each row, by its id: on paper a link cannot be followed, and a name can."""

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
        columns=(Column("row"), Column("file beside this report, by the id of its cell")),
        groups=(Group(rows),),
    )
    said = "The row" if len(rows) == 1 else f"All {len(rows)} rows"
    return Section(
        title="Where each number is from",
        anchor=chapter.anchor("sources"),
        blocks=(Fold(said, (table,)),),
    )
