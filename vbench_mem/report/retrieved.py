"""Retrieval results of trained encoders as tables of texts. No torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vbench_mem.analysis.scores.measured import DIRECTIONS, SANITY, Result, Sanity
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import Asked, Trained, benchmarks_of
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction

SHOWN = ("recall_at_1", "recall_at_5", "recall_at_10", "median_rank")
MOST_NAMES = 20  # of clips that were left out
Texts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DirectionResult:
    """Results of one direction; missing numbers are empty.

    metrics   in the order of `SHOWN`
    interval  bootstrap interval of R@1 of the first seed
    sanity    R@1 in the order of `SANITY`
    """

    direction: Direction
    metrics: Texts
    interval: str = ""
    sanity: Texts = ("",) * len(SANITY)


@dataclass(frozen=True, kw_only=True)
class RetrievalRow:
    """One encoder, or a reference (chance, a ceiling) that `about` explains."""

    label: str
    directions: tuple[DirectionResult, ...]
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
    without: tuple[RetrievalRow, ...]
    dropped: tuple[tuple[str, int, str], ...]


def tables(trained: Sequence[Trained]) -> list[RetrievalTable]:
    """One for each benchmark that has a result."""
    return [table_of(asked, trained) for asked in benchmarks_of(trained)]


def table_of(asked: Asked, trained: Sequence[Trained]) -> RetrievalTable:
    known = [each for each in trained if each.results(asked)]
    every = [result for each in known for result in each.results(asked).values()]
    return RetrievalTable(
        name=asked.result.name,
        sha256=asked.result.sha256,
        facts=tuple(facts_of(asked.result)),
        encoders=tuple(line_of(each, asked) for each in known),
        without=(chance_of(asked.result), *ceilings_of(every)),
        dropped=tuple(left_out(asked.result)),
    )


def facts_of(result: Result) -> Iterable[str]:
    clips, captions = f"{result.gallery_size:,} clips", f"{result.captions:,} captions"
    yield f"{result.protocol}: {clips}, {captions}, convention {result.convention}."
    count = len(result.dropped)
    yield f"Left out for the reasons below: {count:,}." if count else "Nothing was left out."
    cut = result.truncated
    yield f"Truncated captions: {cut:,}."


def left_out(result: Result) -> Iterable[tuple[str, int, str]]:
    for reason, count in Counter(reason for _, reason in result.dropped).most_common():
        names = [name for name, why in result.dropped if why == reason][:MOST_NAMES]
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        yield reason, count, ", ".join(names) + more


def line_of(trained: Trained, asked: Asked) -> RetrievalRow:
    results = list(trained.results(asked).values())
    return RetrievalRow(
        label=trained.label,
        seeds=f"{len(results)} of {len(trained.cells)}",
        directions=tuple(result_of(results, direction) for direction in DIRECTIONS),
    )


def result_of(results: Sequence[Result], direction: Direction) -> DirectionResult:
    interval = results[0].interval(direction, SHOWN[0])
    return DirectionResult(
        direction=direction,
        metrics=tuple(
            text(metric, [result.metrics[direction].get(metric) for result in results])
            for metric in SHOWN
        ),
        interval="" if interval is None else " to ".join(f"{100 * end:.1f}" for end in interval),
        sanity=tuple(sane(results, direction, name) for name in SANITY),
    )


def text(metric: str, numbers: Iterable[float | None]) -> str:
    """Mean and spread of the numbers that are not missing."""
    found = Spread(tuple(number for number in numbers if number is not None))
    if not found.values:
        return ""
    return found.percent() if SCORE_METRICS[metric].is_share else found.plain


def sane(results: Sequence[Result], direction: Direction, name: Sanity) -> str:
    rows = [result.sanity(name) for result in results]
    return text(SHOWN[0], [None if row is None else row[direction][SHOWN[0]] for row in rows])


def chance_of(result: Result) -> RetrievalRow:
    directions = (
        DirectionResult(
            direction=direction,
            metrics=tuple(text(metric, [result.chance[direction].get(metric)]) for metric in SHOWN),
        )
        for direction in DIRECTIONS
    )
    about = "expected of an encoder that ranks every gallery at random"
    return RetrievalRow(label="chance", directions=tuple(directions), about=about)


def ceilings_of(results: Iterable[Result]) -> list[RetrievalRow]:
    """Upper bounds by kind of encoder, without those that are no bound."""
    found: dict[tuple[str, str], dict[Direction, float]] = {}
    for result in results:
        for ceiling in result.ceilings:
            shares = found.setdefault((ceiling.kind, ceiling.reason), {})
            for direction in DIRECTIONS:
                if ceiling.metric == f"{direction}_{SHOWN[0]}" and ceiling.random_ties_value < 1:
                    shares[direction] = ceiling.random_ties_value
    rest = ("",) * (len(SHOWN) - 1)
    return [
        RetrievalRow(
            label=f"ceiling: {kind}",
            directions=tuple(
                DirectionResult(direction=direction, metrics=(f"{100 * share:.1f}", *rest))
                for direction, share in shares.items()
            ),
            about=f"the highest expected score of such an encoder; {reason}",
        )
        for (kind, reason), shares in found.items()
        if shares
    ]
