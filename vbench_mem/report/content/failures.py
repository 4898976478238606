"""Failed, skipped and missing cells, each with its reason, and scores that match no row."""

from collections.abc import Iterator

from vbench_mem.base.units import significant
from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.document import (
    Block,
    Bullets,
    Column,
    Field,
    Fold,
    Line,
    Paragraph,
    Section,
    Span,
    line,
    plain_table,
    text_fields,
)
from vbench_mem.report.evidence import link_of
from vbench_mem.report.training_table import failed_trainings
from vbench_mem.running.record import Status


def section(chapter: Chapter) -> Section:
    items = tuple(gaps(chapter))
    blocks: list[Block] = [Bullets(items) if items else all_well(chapter)]
    absent = tuple(figure for figure in chapter.figures if figure.svg is None)
    if 0 < len(absent) < len(chapter.figures):  # else the trade-off section has them
        blocks.append(Fold(f"Figures that could not be drawn: {len(absent)}", absent))
    return chapter.section("Failures and gaps", "failures", blocks)


def all_well(chapter: Chapter) -> Paragraph:
    fits = f" and fits {chapter.card}" if chapter.card else ""
    text = f"Every cell could be predicted{fits}." if chapter.is_predicted else "Every cell ran."
    if not chapter.is_predicted and failed_trainings(chapter.joined):
        text += " Failed trainings are listed under training."
    return Paragraph(line(text), is_soft=True)


def gaps(chapter: Chapter) -> Iterator[Line]:
    joined = chapter.joined
    for row in joined.rows:
        source = Span(f"({row.cell.id})", "soft", link=link_of(row))
        if row.reason is not None:
            yield line(f"{row.label}: ", state_span(row.state), f", {row.reason} ", source)
        if row.guard is not None:
            yield line(f"{row.label}: another process used the device, {row.guard} ", source)
    for dropped in joined.matrix.dropped:
        yield line(f"{dropped}: ", state_span(Status.SKIPPED))
    for problem in joined.problems:
        yield line(problem)


def scores_section(chapter: Chapter) -> Section | None:
    """Scores that match no row, and rows without a score."""
    joined = chapter.joined
    if not (joined.matrix.scores or joined.unmatched or joined.score_columns):
        return None
    return chapter.section("Unmatched scores", "scores", unmatched(chapter))


def unmatched(chapter: Chapter) -> Iterator[Block]:
    joined = chapter.joined
    if joined.unmatched:
        heads = ("variant", "score", "value", "why", "source")
        rows = tuple(
            (
                *text_fields(score.variant, score.column),
                Field(line(significant(score.value, 4)), value=score.value),
                *text_fields(why, score.source),
            )
            for score, why in joined.unmatched
        )
        columns = (Column(head, head == "value") for head in heads)
        table = plain_table(f"{chapter.prefix}unmatched", columns, rows)
        yield Fold(f"Scores that match no row: {len(rows)}", (table,), is_brief=True)
    else:
        yield Paragraph(line("Every score matches a row."))
    if joined.unscored:
        yield Fold(
            f"Rows without a score: {len(joined.unscored)} of {len(joined.rows)}",
            (Bullets(tuple(line(row.label) for row in joined.unscored)),),
            is_brief=True,
        )
    else:
        yield Paragraph(line("Every row has a score."))
