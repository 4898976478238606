"""The claims about accuracy, judged by scores of encoders trained here. No torch."""

from collections.abc import Iterable, Sequence

from vbench_mem.accuracy.retrieval.evaluation import OneWay
from vbench_mem.analysis.claims.claim import Claim, read_claims
from vbench_mem.analysis.claims.finding import (
    MIN_SEEDS,
    ClaimSide,
    ClaimVerdict,
    Finding,
    verdict_of,
)
from vbench_mem.analysis.claims.pairs import CASES, Case
from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.scores.measured import DIRECTIONS, BenchmarkResult
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import (
    ORDER_INVARIANT,
    TrainedEncoder,
    benchmarks_of,
    is_of_kind,
    memories,
    trained_encoders,
)
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.data.benchmark import TaskCeiling

TINY = 1e-9  # recalls are ratios of floats


def findings(joined: Joined) -> list[Finding]:
    """Every claim on every benchmark by every pair that can judge it, and why the others cannot be
    judged; empty where no training has a result."""
    trained = trained_encoders(joined)
    benchmarks = benchmarks_of(trained)
    found: list[Finding] = []
    for claim in read_claims("accuracy") if benchmarks else ():
        judged = [finding for each in benchmarks for finding in judge(claim, each, trained)]
        found += judged or [unjudged(claim, None, f"it needs {claim.needs}")]
    return found


def judge(
    claim: Claim, benchmark: BenchmarkResult, trained: Sequence[TrainedEncoder]
) -> Iterable[Finding]:
    if claim.kind == "ceiling":
        return (
            compare_ceiling(claim, benchmark, each, ceiling)
            for each in trained
            for result in list(each.results(benchmark).values())[:1]
            for ceiling in result.bounds  # of the frames that the encoder is given
            if is_of_kind(each.cell, ceiling.kind)
        )
    if claim.order_matters not in (None, order_matters(benchmark)):
        return ()
    return (compare(claim, benchmark, case) for case in CASES[claim.name](trained))


def unjudged(claim: Claim, benchmark: BenchmarkResult | None, reason: str) -> Finding:
    setting = None if benchmark is None else benchmark.short
    return Finding(claim=claim, verdict=ClaimVerdict.NOT_JUDGED, setting=setting, reason=reason)


def compare(claim: Claim, benchmark: BenchmarkResult, case: Case) -> Finding:
    """The numbers of the first side over those of the second, seed by seed, and the verdict."""
    if why := why_unjudged(benchmark, case):
        return unjudged(claim, benchmark, why)
    numbers = [recalls_of(side, benchmark) for side in case.sides]
    seeds = tuple(seed for seed in numbers[0] if seed in numbers[1])
    differences = tuple(numbers[0][seed] - numbers[1][seed] for seed in seeds)
    holds = tuple(is_enough(claim, difference) for difference in differences)
    verdict = verdict_of(holds, is_enough(claim, Spread(differences).mean), MIN_SEEDS)
    too_few = f"{len(seeds)} seed, and a spread needs {MIN_SEEDS}"
    memory = memories([side[-1] for side in case.sides])
    return Finding(
        claim=claim,
        verdict=verdict,
        setting=benchmark.short,
        sides=tuple(
            ClaimSide(
                label=side[0].label,
                memory=size,
                recall=Spread(tuple(by_seed[seed] for seed in seeds)),
                is_change=len(side) > 1,
            )
            for side, by_seed, size in zip(case.sides, numbers, memory, strict=True)
        ),
        seeds=seeds,
        numbers=differences,
        holds=holds,
        reason=too_few if verdict is ClaimVerdict.NOT_JUDGED else None,
    )


def recalls_of(side: Sequence[TrainedEncoder], benchmark: BenchmarkResult) -> dict[int, float]:
    """By seed T2V R@1, or what masking changes of it where the side is an encoder in both forms."""
    first, *masked = (each.recalls(benchmark) for each in side)
    if not masked:
        return first
    return {seed: masked[0][seed] - first[seed] for seed in first if seed in masked[0]}


def why_unjudged(benchmark: BenchmarkResult, case: Case) -> str | None:
    """The reason where no seed has all results, or where encoders have not learned."""
    everyone = [each for side in case.sides for each in side]
    first, *others = (each.results(benchmark) for each in everyone)
    if not any(all(seed in other for other in others) for seed in first):
        lacking = next((each for each in everyone if not each.results(benchmark)), None)
        return "no seed has all results" if lacking is None else lacking.why_no_result
    idle = [each for each in case.learners if not has_learned(each, benchmark)]
    if not idle or (case.any_learner and len(idle) < len(case.learners)):
        return None
    names = " and ".join(each.label for each in idle)
    return f"{names} {'is' if len(idle) == 1 else 'are'} not surely above chance with any seed"


def has_learned(trained: TrainedEncoder, benchmark: BenchmarkResult) -> bool:
    """Is T2V R@1 with some seed above chance, with its bootstrap interval?"""
    ways = [found.evaluation.t2v for found in trained.results(benchmark).values()]
    return any(least(way) > way.chance[RECALL] for way in ways)


def least(way: OneWay) -> float:
    """The lower end of the bootstrap interval of R@1; R@1 itself where it was not computed."""
    return way.intervals[RECALL][0] if RECALL in way.intervals else way.metrics[RECALL]


def is_enough(claim: Claim, difference: float) -> bool:
    """Above 0; where the claim allows a loss (`low`), no larger loss than that."""
    return difference > TINY if claim.low is None else difference >= claim.low - TINY


def order_matters(benchmark: BenchmarkResult) -> bool:
    """Is it proved that an encoder which does not see the order cannot retrieve everything?"""
    return any(
        ceiling.kind == ORDER_INVARIANT and ceiling.metric == f"t2v_{RECALL}"
        for ceiling in benchmark.bounds
    )


def compare_ceiling(
    claim: Claim, benchmark: BenchmarkResult, trained: TrainedEncoder, ceiling: TaskCeiling
) -> Finding:
    """What an encoder reached, beside its proven ceiling. Where ties are broken by rounding, the
    ceiling is an expectation: it is passed only where the bootstrap interval lies above it."""
    direction = next(way for way in DIRECTIONS if ceiling.metric.startswith(way))
    most = ceiling.random_ties_value
    results = trained.results(benchmark)
    ways = [found.way(direction) for found in results.values()]
    reached = tuple(way.metrics[RECALL] for way in ways)
    holds = tuple(least(way) <= most for way in ways)
    differences = tuple(most - recall for recall in reached)
    return Finding(
        claim=claim,
        verdict=verdict_of(holds, Spread(differences).mean >= 0),
        setting=benchmark.short if direction == "t2v" else f"{benchmark.short} V2T",
        sides=(
            ClaimSide(label=f"{ceiling.kind} ceiling", recall=Spread((most,))),
            ClaimSide(label=trained.label, recall=Spread(reached)),
        ),
        seeds=tuple(results),
        numbers=differences,
        holds=holds,
    )
