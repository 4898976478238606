"""Retrieval results of trained encoders: a section with a table for each benchmark."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from vbench_mem.analysis.scores.measured import DIRECTIONS, SANITY, BenchmarkResult
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import (
    TrainedEncoder,
    benchmarks_of,
    trained_encoders,
)
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.training_table import DIGITS

SHOWN = ("recall_at_1", "recall_at_5", "recall_at_10", "median_rank")
MOST_NAMES = 20  # of clips that were left out
HEADS = (
    doc.Column("encoder"),
    doc.Column("seeds", True),
    doc.Column("direction"),
    *(doc.Column(head, True) for head in ("R@1", "95 %", "R@5", "R@10", "median rank")),
    *(
        doc.Column(f"sanity: {name}", True)
        for name in ("pairs shuffled", "frames permuted", "constant")
    ),
)
BY_CHANCE = "expected of an encoder that ranks every gallery at random"
Fields = tuple[doc.Field, ...]


def benchmarks(chapter: Chapter) -> list[doc.Section]:
    """One for each benchmark that has a result."""
    trained = trained_encoders(chapter.joined)
    return [
        benchmark(chapter, number, asked, trained)
        for number, asked in enumerate(benchmarks_of(trained))
    ]


def benchmark(
    chapter: Chapter, number: int, result: BenchmarkResult, trained: Sequence[TrainedEncoder]
) -> doc.Section:
    found = [(each, list(each.results(result).values())) for each in trained]
    encoders = (row for each, some in found if some for row in encoder_rows(each, some))
    ceilings = ceiling_rows(one for _, some in found for one in some)
    groups = (
        doc.Group(tuple(encoders)),
        doc.Group((*chance_rows(result), *ceilings), is_reference=True),
    )
    about = (
        f"{result.protocol}: {result.gallery_size:,} clips, {result.captions:,} captions, "
        f"convention {result.evaluation.convention}. "
        f"Left out clips and captions: {len(result.dropped):,}. "
        f"Truncated captions: {result.truncated:,}. Data "
    )
    notes = (f"{label.text}: {label.title}." for label, *_ in ceilings)
    blocks: list[doc.Block] = [
        doc.aside(about, doc.Span(result.sha256[:DIGITS], "code", title=result.sha256), "."),
        doc.Table(name=f"{chapter.prefix}retrieved-{number}", columns=HEADS, groups=groups),
        *map(doc.aside, dict.fromkeys(notes)),
    ]
    if result.dropped:
        blocks.append(doc.Fold("Left out", (doc.bullets(left_out(result)),)))
    return chapter.section(result.name, f"benchmark-{number}", blocks)


def left_out(result: BenchmarkResult) -> Iterator[doc.Line]:
    """Each reason with how many were left out for it, and some of their names."""
    for reason, count in Counter(each.reason for each in result.dropped).most_common():
        names = [each.id for each in result.dropped if each.reason == reason][:MOST_NAMES]
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        yield doc.line(f"{count}: {reason} ", doc.Span(f"({', '.join(names)}{more})", "soft"))


def fields(
    label: doc.Field,
    direction: Direction,
    metrics: Sequence[str],
    interval: str = "",
    seeds: str = "",
    sanity: Iterable[str] = ("",) * len(SANITY),
) -> Fields:
    """One direction of an encoder or of a reference; `metrics` in the order of `SHOWN`."""
    numbers = (metrics[0], interval, *metrics[1:], *sanity)
    return (label, *doc.text_fields(seeds, direction.upper(), *numbers))


def encoder_rows(trained: TrainedEncoder, results: Sequence[BenchmarkResult]) -> Iterator[Fields]:
    """Numbers over all seeds; the bootstrap interval is of the first one."""
    checks = {name: [result.evaluation.sanity.get(name) for result in results] for name in SANITY}
    for direction in DIRECTIONS:
        interval = results[0].way(direction).intervals.get(SHOWN[0], ())
        yield fields(
            doc.field_of(trained.label),
            direction,
            [
                text(metric, [result.way(direction).metrics.get(metric) for result in results])
                for metric in SHOWN
            ],
            " to ".join(f"{100 * end:.1f}" for end in interval),
            f"{len(results)} of {len(trained.cells)}",
            [
                text(SHOWN[0], [None if it is None else it[direction][SHOWN[0]] for it in found])
                for found in checks.values()
            ],
        )


def text(metric: str, numbers: Iterable[float | None]) -> str:
    """Mean and spread of the numbers that are not missing."""
    found = Spread(tuple(number for number in numbers if number is not None))
    if not found.values:
        return ""
    return found.percent() if SCORE_METRICS[metric].is_share else found.plain


def chance_rows(result: BenchmarkResult) -> Iterator[Fields]:
    for direction in DIRECTIONS:
        chance = result.way(direction).chance
        metrics = [text(metric, [chance.get(metric)]) for metric in SHOWN]
        yield fields(doc.field_of("chance", title=BY_CHANCE), direction, metrics)


def ceiling_rows(results: Iterable[BenchmarkResult]) -> list[Fields]:
    """Upper bounds by kind of encoder, without those that are no bound."""
    found: dict[tuple[str, str, Direction], Fields] = {}
    for ceiling in (ceiling for result in results for ceiling in result.bounds):
        for direction in DIRECTIONS:
            if ceiling.metric == f"{direction}_{SHOWN[0]}":
                about = f"the highest expected score of such an encoder; {ceiling.reason}"
                label = doc.field_of(f"ceiling: {ceiling.kind}", title=about)
                highest = f"{100 * ceiling.random_ties_value:.1f}"
                metrics = [highest, *[""] * (len(SHOWN) - 1)]
                key = (ceiling.kind, ceiling.reason, direction)
                found[key] = fields(label, direction, metrics)
    return list(found.values())
