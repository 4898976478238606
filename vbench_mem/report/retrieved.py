"""What trained encoders retrieve, as the tables of the page: texts only. No torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vbench_mem.analysis.scores.measured import DIRECTIONS, SANITY, BenchmarkResult, Sanity
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import ScoredBenchmark, TrainedEncoder, benchmarks_of
from vbench_mem.base.score_metrics import SCORE_METRICS, Direction

SHOWN = ("recall_at_1", "recall_at_5", "recall_at_10", "median_rank")
MOST_NAMES = 20  # of clips that were left out
Texts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One direction; empty texts are numbers that are not there.

    metrics   in the order of `SHOWN`
    interval  bootstrap interval of R@1 of the first seed
    sanity    R@1 in the order of `SANITY`
    """

    direction: Direction
    metrics: Texts
    interval: str = ""
    sanity: Texts = ("",) * len(SANITY)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One encoder, or a number that needs none; `about` is what that is."""

    label: str
    ways: tuple[Way, ...]
    seeds: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One benchmark.

    facts    sentences about what was asked
    dropped  of each reason how many were left out for it, and some of their names
    """

    name: str
    sha256: str
    facts: Texts
    encoders: tuple[Line, ...]
    without: tuple[Line, ...]
    dropped: tuple[tuple[str, int, str], ...]


def tables(trained: Sequence[TrainedEncoder]) -> list[Table]:
    """One for each benchmark that has a result."""
    return [table_of(asked, trained) for asked in benchmarks_of(trained)]


def table_of(asked: ScoredBenchmark, trained: Sequence[TrainedEncoder]) -> Table:
    known = [each for each in trained if each.results(asked)]
    every = [result for each in known for result in each.results(asked).values()]
    return Table(
        name=asked.result.name,
        sha256=asked.result.sha256,
        facts=tuple(facts_of(asked.result)),
        encoders=tuple(line_of(each, asked) for each in known),
        without=(chance_of(asked.result), *ceilings_of(every)),
        dropped=tuple(left_out(asked.result)),
    )


def facts_of(result: BenchmarkResult) -> Iterable[str]:
    clips, captions = f"{result.gallery_size:,} clips", f"{result.captions:,} captions"
    yield f"{result.protocol}: {captions} ask {clips}, convention {result.convention}."
    count = len(result.dropped)
    yield f"{count:,} left out for the reasons below." if count else "Nothing was left out."
    cut = result.truncated
    yield f"{cut:,} captions lost their tail." if cut else "No caption lost its tail."


def left_out(result: BenchmarkResult) -> Iterable[tuple[str, int, str]]:
    for reason, count in Counter(reason for _, reason in result.dropped).most_common():
        names = [name for name, why in result.dropped if why == reason][:MOST_NAMES]
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        yield reason, count, ", ".join(names) + more


def line_of(trained: TrainedEncoder, asked: ScoredBenchmark) -> Line:
    results = list(trained.results(asked).values())
    return Line(
        label=trained.label,
        seeds=f"{len(results)} of {len(trained.cells)}",
        ways=tuple(way_of(results, direction) for direction in DIRECTIONS),
    )


def way_of(results: Sequence[BenchmarkResult], direction: Direction) -> Way:
    interval = results[0].interval(direction, SHOWN[0])
    return Way(
        direction=direction,
        metrics=tuple(
            text(metric, [result.metrics[direction].get(metric) for result in results])
            for metric in SHOWN
        ),
        interval="" if interval is None else " to ".join(f"{100 * end:.1f}" for end in interval),
        sanity=tuple(sane(results, direction, name) for name in SANITY),
    )


def text(metric: str, numbers: Iterable[float | None]) -> str:
    """Mean and spread of those that are there."""
    found = Spread(tuple(number for number in numbers if number is not None))
    if not found.values:
        return ""
    return found.percent() if SCORE_METRICS[metric].is_share else found.plain


def sane(results: Sequence[BenchmarkResult], direction: Direction, name: Sanity) -> str:
    rows = [result.sanity(name) for result in results]
    return text(SHOWN[0], [None if row is None else row[direction][SHOWN[0]] for row in rows])


def chance_of(result: BenchmarkResult) -> Line:
    ways = (
        Way(
            direction=direction,
            metrics=tuple(text(metric, [result.chance[direction].get(metric)]) for metric in SHOWN),
        )
        for direction in DIRECTIONS
    )
    about = "expected of an encoder that orders every gallery at random"
    return Line(label="chance", ways=tuple(ways), about=about)


def ceilings_of(results: Iterable[BenchmarkResult]) -> list[Line]:
    """Of each kind what it cannot score above; those that bound nothing are left out."""
    found: dict[tuple[str, str], dict[Direction, float]] = {}
    for result in results:
        for ceiling in result.ceilings:
            shares = found.setdefault((ceiling.kind, ceiling.reason), {})
            for direction in DIRECTIONS:
                if ceiling.metric == f"{direction}_{SHOWN[0]}" and ceiling.random_ties_value < 1:
                    shares[direction] = ceiling.random_ties_value
    rest = ("",) * (len(SHOWN) - 1)
    return [
        Line(
            label=f"ceiling: {kind}",
            ways=tuple(
                Way(direction=direction, metrics=(f"{100 * share:.1f}", *rest))
                for direction, share in shares.items()
            ),
            about=f"the most to be expected of such an encoder; {reason}",
        )
        for (kind, reason), shares in found.items()
        if shares
    ]
