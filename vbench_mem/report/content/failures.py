"""Failed, skipped and missing cells, each with its reason, and scores that match no row."""

from collections.abc import Iterator

from vbench_mem.base.units import significant
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter, state_span
from vbench_mem.report.evidence import link_of
from vbench_mem.report.training_table import failed_trainings
from vbench_mem.running.record import Status


def section(chapter: Chapter) -> doc.Section:
    items = doc.bullets(gaps(chapter))
    blocks: list[doc.Block] = [items if items.items else all_well(chapter)]
    absent = tuple(figure for figure in chapter.figures if figure.svg is None)
    if 0 < len(absent) < len(chapter.figures):  # else the trade-off section has them
        blocks.append(doc.Fold(f"Figures that could not be drawn: {len(absent)}", absent))
    return chapter.section("Failures and gaps", "failures", blocks)


def all_well(chapter: Chapter) -> doc.Paragraph:
    if chapter.predicted is not None:
        fits = f" and fits {chapter.predicted.card}" if chapter.predicted.card else ""
        return doc.aside(f"Every cell could be predicted{fits}.")
    failed = failed_trainings(chapter.joined)
    more = " Failed trainings are listed under training." if failed else ""
    return doc.aside(f"Every cell ran.{more}")


def gaps(chapter: Chapter) -> Iterator[doc.Line | str]:
    joined = chapter.joined
    for row in joined.rows:
        source = doc.Span(f"({row.cell.id})", "soft", link=link_of(row))
        if row.reason is not None:
            yield doc.line(f"{row.label}: ", state_span(row.state), f", {row.reason} ", source)
        if row.guard is not None:
            yield doc.line(f"{row.label}: another process used the device, {row.guard} ", source)
    for dropped in joined.matrix.dropped:
        yield doc.line(f"{dropped}: ", state_span(Status.SKIPPED))
    yield from joined.problems


def scores_section(chapter: Chapter) -> doc.Section | None:
    """Scores that match no row, and rows without a score."""
    joined = chapter.joined
    if not (joined.matrix.scores or joined.unmatched or joined.score_columns):
        return None
    return chapter.section("Unmatched scores", "scores", unmatched(chapter))


def unmatched(chapter: Chapter) -> Iterator[doc.Block]:
    joined = chapter.joined
    if joined.unmatched:
        heads = ("variant", "score", "value", "why", "source")
        columns = (doc.Column(head, head == "value") for head in heads)
        rows = (
            (
                *doc.text_fields(score.variant, score.column),
                doc.field_of(significant(score.value, 4), value=score.value),
                *doc.text_fields(why, score.source),
            )
            for score, why in joined.unmatched
        )
        table = doc.plain_table(f"{chapter.prefix}unmatched", columns, rows)
        summary = f"Scores that match no row: {len(joined.unmatched)}"
        yield doc.Fold(summary, (table,), is_brief=True)
    else:
        yield doc.paragraph("Every score matches a row.")
    if joined.unscored:
        summary = f"Rows without a score: {len(joined.unscored)} of {len(joined.rows)}"
        labels = doc.bullets(row.label for row in joined.unscored)
        yield doc.Fold(summary, (labels,), is_brief=True)
    else:
        yield doc.paragraph("Every row has a score.")
