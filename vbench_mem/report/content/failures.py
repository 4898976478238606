"""What did not run, did not fit or is not there, each with its reason; nothing is left out."""

from collections.abc import Iterator

from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.document import (
    Block,
    Bullets,
    Column,
    Field,
    Fold,
    Group,
    Line,
    Paragraph,
    Section,
    Span,
    Table,
    line,
)
from vbench_mem.report.evidence import link_of
from vbench_mem.report.training_table import failed_trainings
from vbench_mem.running.record import Status


def section(chapter: Chapter) -> Section:
    items = tuple(gaps(chapter))
    blocks: list[Block] = [Bullets(items) if items else all_well(chapter)]
    absent = tuple(figure for figure in chapter.figures if figure.svg is None)
    if 0 < len(absent) < len(chapter.figures):  # else they stand where figures would
        blocks.append(Fold(f"Figures that could not be drawn: {len(absent)}", absent))
    return Section(
        title="Failures and gaps", anchor=chapter.anchor("failures"), blocks=tuple(blocks)
    )


def all_well(chapter: Chapter) -> Paragraph:
    if chapter.is_predicted:
        fits = f" and fits {chapter.card}" if chapter.card else ""
        said = f"Every cell could be predicted{fits}."
    elif failed_trainings(chapter.joined):
        said = "Every cell ran; of the trainings some did not, as listed above."
    else:
        said = "Every cell ran."
    return Paragraph(line(said), is_soft=True)


def gaps(chapter: Chapter) -> Iterator[Line]:
    joined = chapter.joined
    for row in joined.rows:
        source = Span(f"({row.cell.id})", "soft", link=link_of(row))
        if row.reason is not None:
            yield line(f"{row.label}: ", state_span(row.state), f", {row.reason} ", source)
        if row.guard is not None:
            yield line(f"{row.label}: measured beside another process, {row.guard} ", source)
    for dropped in joined.matrix.dropped:
        yield line(f"{dropped}: ", state_span(Status.SKIPPED))
    for problem in joined.problems:
        yield line(problem)


def scores_section(chapter: Chapter) -> Section | None:
    """Scores without a row, rows without a score."""
    joined = chapter.joined
    if not (joined.matrix.scores or joined.unmatched or joined.score_columns):
        return None
    return Section(
        title="Scores without a row, rows without a score",
        anchor=chapter.anchor("scores"),
        blocks=tuple(unmet(chapter)),
    )


def unmet(chapter: Chapter) -> Iterator[Block]:
    joined = chapter.joined
    if joined.unmatched:
        heads = ("variant", "score", "value", "why", "source")
        rows = tuple(
            (
                Field(line(score.variant)),
                Field(line(score.column)),
                Field(line(f"{score.value:.4g}"), value=score.value),
                Field(line(why)),
                Field(line(score.source)),
            )
            for score, why in joined.unmatched
        )
        table = Table(
            name=f"{chapter.prefix}unmatched",
            columns=tuple(Column(head, head == "value") for head in heads),
            groups=(Group(rows),),
        )
        count = len(joined.unmatched)
        said = "1 score fits" if count == 1 else f"{count} scores fit"
        yield Fold(f"{said} no row of this matrix", (table,), is_brief=True)
    else:
        yield Paragraph(line("Every score has its row."))
    if joined.unscored:
        yield Fold(
            f"{len(joined.unscored)} of {len(joined.rows)} rows have no score",
            (Bullets(tuple(line(row.label) for row in joined.unscored)),),
            is_brief=True,
        )
    else:
        yield Paragraph(line("Every row has a score."))
