"""The paper's tables with our numbers in them, and every recall at 1 in one table."""

from collections.abc import Iterator

from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.document import Paragraph, Section, line
from vbench_mem.report.exhibits.retrieval import retrieval_table
from vbench_mem.report.exhibits.tables import tables


def sections(chapter: Chapter) -> Iterator[Section]:
    """One for each table of the paper that the matrix names."""
    found = tables(chapter.joined, chapter.prefix)
    for number, (title, about, table) in enumerate(found):
        yield chapter.section(
            title, f"exhibit-{number}", (Paragraph(line(about), is_soft=True), table)
        )
    if not found:
        yield from external_recalls(chapter)


def external_recalls(chapter: Chapter) -> Iterator[Section]:
    """Recalls from score files that no table of the paper shows. Trained encoders have tables in
    `trained`."""
    joined = chapter.joined
    scores = (score for row in joined.rows for score in row.scores.values())
    table = retrieval_table(joined, chapter.prefix)
    if table is not None and any(score.origin != "measured" for score in scores):
        yield chapter.section("Recall at 1", "recall", (table,))
