"""Retrieval results of trained encoders as tables of texts. No torch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vbench_mem.analysis.scores.measured import DIRECTIONS, SANITY, BenchmarkResult
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import TrainedEncoder, benchmarks_of
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction

SHOWN = ("recall_at_1", "recall_at_5", "recall_at_10", "median_rank")
MOST_NAMES = 20  # of clips that were left out
Texts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RetrievalRow:
    """One direction of an encoder, or of a reference (chance, a ceiling) that `about` explains.

    metrics   in the order of `SHOWN`; missing numbers are empty
    interval  bootstrap interval of R@1 of the first seed
    sanity    R@1 in the order of `SANITY`
    """

    label: str
    direction: Direction
    metrics: Texts
    interval: str = ""
    sanity: Texts = ("",) * len(SANITY)
    seeds: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class RetrievalTable:
    """One benchmark.

    facts    sentences about the protocol
    dropped  of each reason how many were left out for it, and some of their names
    """

    name: str
    sha256: str
    facts: Texts
    encoders: tuple[RetrievalRow, ...]
    references: tuple[RetrievalRow, ...]
    dropped: tuple[tuple[str, int, str], ...]


def tables(trained: Sequence[TrainedEncoder]) -> list[RetrievalTable]:
    """One for each benchmark that has a result."""
    return [table_of(asked, trained) for asked in benchmarks_of(trained)]


def table_of(asked: BenchmarkResult, trained: Sequence[TrainedEncoder]) -> RetrievalTable:
    known = [each for each in trained if each.results(asked)]
    every = [result for each in known for result in each.results(asked).values()]
    return RetrievalTable(
        name=asked.name,
        sha256=asked.sha256,
        facts=tuple(facts_of(asked)),
        encoders=tuple(row for each in known for row in encoder_rows(each, asked)),
        references=(*chance_rows(asked), *ceiling_rows(every)),
        dropped=tuple(left_out(asked)),
    )


def facts_of(result: BenchmarkResult) -> Iterable[str]:
    clips, captions = f"{result.gallery_size:,} clips", f"{result.captions:,} captions"
    yield f"{result.protocol}: {clips}, {captions}, convention {result.evaluation.convention}."
    yield f"Left out clips and captions: {len(result.dropped):,}."
    yield f"Truncated captions: {result.truncated:,}."


def left_out(result: BenchmarkResult) -> Iterable[tuple[str, int, str]]:
    for reason, count in Counter(each.reason for each in result.dropped).most_common():
        names = [each.id for each in result.dropped if each.reason == reason][:MOST_NAMES]
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        yield reason, count, ", ".join(names) + more


def encoder_rows(trained: TrainedEncoder, asked: BenchmarkResult) -> Iterator[RetrievalRow]:
    results = list(trained.results(asked).values())
    for direction in DIRECTIONS:
        interval = results[0].way(direction).intervals.get(SHOWN[0], ())
        yield RetrievalRow(
            label=trained.label,
            direction=direction,
            metrics=tuple(
                text(metric, [result.way(direction).metrics.get(metric) for result in results])
                for metric in SHOWN
            ),
            interval=" to ".join(f"{100 * end:.1f}" for end in interval),
            sanity=tuple(sane(results, direction, name) for name in SANITY),
            seeds=f"{len(results)} of {len(trained.cells)}",
        )


def text(metric: str, numbers: Iterable[float | None]) -> str:
    """Mean and spread of the numbers that are not missing."""
    found = Spread(tuple(number for number in numbers if number is not None))
    if not found.values:
        return ""
    return found.percent() if SCORE_METRICS[metric].is_share else found.plain


def sane(results: Sequence[BenchmarkResult], direction: Direction, name: str) -> str:
    rows = [result.evaluation.sanity.get(name) for result in results]
    return text(SHOWN[0], [None if row is None else row[direction][SHOWN[0]] for row in rows])


def chance_rows(result: BenchmarkResult) -> Iterator[RetrievalRow]:
    about = "expected of an encoder that ranks every gallery at random"
    for direction in DIRECTIONS:
        chance = result.way(direction).chance
        metrics = tuple(text(metric, [chance.get(metric)]) for metric in SHOWN)
        yield RetrievalRow(label="chance", direction=direction, metrics=metrics, about=about)


def ceiling_rows(results: Iterable[BenchmarkResult]) -> list[RetrievalRow]:
    """Upper bounds by kind of encoder, without those that are no bound."""
    found: dict[tuple[str, str, Direction], RetrievalRow] = {}
    rest = ("",) * (len(SHOWN) - 1)
    for ceiling in (ceiling for result in results for ceiling in result.bounds):
        for direction in DIRECTIONS:
            if ceiling.metric == f"{direction}_{SHOWN[0]}":
                found[ceiling.kind, ceiling.reason, direction] = RetrievalRow(
                    label=f"ceiling: {ceiling.kind}",
                    direction=direction,
                    metrics=(f"{100 * ceiling.random_ties_value:.1f}", *rest),
                    about=f"the highest expected score of such an encoder; {ceiling.reason}",
                )
    return list(found.values())
