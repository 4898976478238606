"""Definitions of the metrics in the report: unit, direction and meaning."""

from collections.abc import Iterator, Sequence

from vbench_mem.analysis.join import Joined
from vbench_mem.base.metrics import METRICS, Metric
from vbench_mem.base.score_metrics import SCORE_METRICS
from vbench_mem.report import document as doc
from vbench_mem.report.columns import ABOUT_SCORES, ordered_metrics
from vbench_mem.report.content.chapter import Chapter

HEADS = tuple(map(doc.Column, ("column", "unit", "better", "meaning")))
MEASURED = (
    "Each row was measured in a separate process that runs a short contrastive training. Memory is "
    "read from the allocator, on a CPU from the live tensors. FLOPs are counted by three counters "
    "that must agree. Time is the median of the steps after a warm-up."
)
VALIDATION = (
    "How near predictions for a card are to what others measured on real cards: "
    "docs/validation.md of vbench_mem."
)
PREDICTED = (
    "All memory numbers are predicted: the real training step is run on tensors without data, and "
    "every allocation and release is recorded. Nothing was measured, and no record was read. A "
    "prediction for one kind of device is valid for that kind only. " + VALIDATION
)


def section(chapters: Sequence[Chapter]) -> doc.Section:
    """One for all matrices of the report."""
    return doc.Section(title="Definitions", anchor="definitions", blocks=tuple(blocks(chapters)))


def blocks(chapters: Sequence[Chapter]) -> Iterator[doc.Block]:
    predicted = all(chapter.predicted for chapter in chapters)
    yield doc.paragraph(PREDICTED if predicted else MEASURED)
    yield doc.plain_table("definitions", HEADS, fields([chapter.joined for chapter in chapters]))


def fields(every: Sequence[Joined]) -> Iterator[tuple[doc.Field, ...]]:
    for metric in defined(every):
        yield named(metric.name, metric.unit, metric.better, metric.meaning)
    if any(joined.matrix.accuracy is not None for joined in every):
        for name, meaning in ABOUT_SCORES.items():
            yield named(name, "", "", meaning)
    used = {score.metric for it in every for row in it.rows for score in row.scores.values()}
    for score in (metric for name, metric in SCORE_METRICS.items() if name in used):
        unit = "share" if score.is_share else "number"
        yield named(f"score.….{score.name}", unit, score.better, score.meaning)


def named(name: str, *texts: str) -> tuple[doc.Field, ...]:
    return (doc.field_of(doc.Span(name, "code")), *doc.text_fields(*texts))


def defined(every: Sequence[Joined]) -> list[Metric]:
    """The metrics that some row has, or should have had, in the order of table.csv."""
    names = set()
    for joined in every:
        for row in joined.rows:
            if row.record is not None:
                names |= {*row.record.metrics, *row.record.missing}
            names |= {name for name in METRICS if row.has_prediction_of(name)}
    return [metric for metric in ordered_metrics() if metric.name in names]
