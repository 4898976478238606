"""Holds the claims about accuracy against scores measured here. No torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from vbench_mem.analysis.claims import accuracy as claims
from vbench_mem.analysis.claims.accuracy import CLAIMS, POINT, Claim, Name, Pair
from vbench_mem.analysis.claims.findings import Finding, Side, concluded, verdict_of
from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.kinds import BLIND, is_of_kind
from vbench_mem.analysis.scores.measured import DIRECTIONS, Ceiling
from vbench_mem.analysis.spread import Spread
from vbench_mem.analysis.trained import (
    Asked,
    Trained,
    benchmarks_of,
    memories,
    same_parts,
    trained_encoders,
)
from vbench_mem.base.score_metrics import RECALL, Direction


def findings(joined: Joined) -> list[Finding]:
    """Every claim on every benchmark by every pair that can judge it, and of the others why not;
    nothing where nothing was trained that has a result."""
    trained = trained_encoders(joined)
    asked = benchmarks_of(trained)
    found: list[Finding] = []
    for claim in CLAIMS if asked else ():
        some = [finding for each in asked for finding in JUDGES[claim.name](claim, each, trained)]
        why = f"it needs {claim.needs}"
        found += some or [Finding(claim=claim, verdict="not judged", why=why)]
    return found


def shared(*by_seed: Mapping[int, float]) -> list[int]:
    """Seeds that all have."""
    return [seed for seed in by_seed[0] if all(seed in other for other in by_seed)]


def unpaired(claim: Claim, asked: Asked, some: Sequence[Trained]) -> Finding:
    """No seed has all of the results."""
    missing = next((each for each in some if not each.results(asked)), None)
    why = "no seed has both results" if missing is None else missing.why_none
    return Finding(claim=claim, verdict="not judged", benchmark=titled(asked), why=why)


def has_learned(trained: Trained, asked: Asked) -> bool:
    """Is T2V R@1 surely above chance with some seed? What has learned nothing has nothing to lose,
    and no claim is judged by it."""
    return any(
        (found.interval("t2v", RECALL) or (found.recall,))[0] > found.chance["t2v"][RECALL]
        for found in trained.results(asked).values()
    )


def unlearned(claim: Claim, asked: Asked, some: Sequence[Trained]) -> Finding:
    names = " and ".join(each.label for each in some)
    why = f"{names} {'is' if len(some) == 1 else 'are'} not surely above chance with any seed"
    return Finding(claim=claim, verdict="not judged", benchmark=titled(asked), why=why)


def titled(asked: Asked, direction: Direction = "t2v") -> str:
    return asked.short if direction == "t2v" else f"{asked.short} V2T"


def compared(claim: Claim, asked: Asked, pair: Pair, allowed: float = 0) -> Finding:
    """The first of a pair above the second in R@1, seed by seed."""
    ahead, behind = pair
    ours, theirs = ahead.recalls(asked), behind.recalls(asked)
    seeds = shared(ours, theirs)
    if not seeds:
        return unpaired(claim, asked, pair)
    if not any(has_learned(each, asked) for each in pair):
        return unlearned(claim, asked, pair)
    sides = [
        Side(
            label=each.label,
            shares=Spread(tuple(by_seed[seed] for seed in seeds)),
            memory=memory,
        )
        for each, by_seed, memory in zip(pair, (ours, theirs), memories(pair), strict=True)
    ]
    blank = Finding(
        claim=claim, verdict="not judged", benchmark=titled(asked), sides=(sides[0], sides[1])
    )
    return concluded(blank, {seed: ours[seed] - theirs[seed] for seed in seeds}, allowed)


Judge = Callable[[Claim, Asked, Sequence[Trained]], Iterator[Finding]]


def order_decides(asked: Asked) -> bool:
    """Is it proved that an encoder which does not see the order cannot retrieve everything?"""
    return any(
        ceiling.kind == BLIND and ceiling.metric == "t2v_recall_at_1" and below_all(ceiling)
        for ceiling in asked.result.ceilings
    )


def ceilings_of(trained: Trained, asked: Asked) -> list[Ceiling]:
    """Those below 1, of the frames that the encoder is given; none without a result."""
    first = next(iter(trained.results(asked).values()), None)
    return [] if first is None else list(filter(below_all, first.ceilings))


def below_all(ceiling: Ceiling) -> bool:
    return ceiling.random_ties_value < 1


def judge_time(
    claim: Claim, asked: Asked, trained: Sequence[Trained], *, ordered: bool
) -> Iterator[Finding]:
    if order_decides(asked) is ordered:
        for pair in claims.time_pairs(trained):
            yield compared(claim, asked, pair)


def judge_holds(claim: Claim, asked: Asked, trained: Sequence[Trained]) -> Iterator[Finding]:
    for plain, masked in claims.mask_pairs(trained):
        if claims.is_joint(plain) and claims.is_fine(plain, trained):
            yield of_masking(claim, asked, plain, (masked, plain), POINT)


def judge_falls(claim: Claim, asked: Asked, trained: Sequence[Trained]) -> Iterator[Finding]:
    for pair in claims.mask_pairs(trained):
        if claims.is_factorized(pair[0]) or claims.is_frame_level(pair[0]):
            yield of_masking(claim, asked, pair[0], pair)


def of_masking(
    claim: Claim, asked: Asked, plain: Trained, pair: Pair, allowed: float = 0
) -> Finding:
    if plain.results(asked) and not has_learned(plain, asked):
        return unlearned(claim, asked, [plain])
    return compared(claim, asked, pair, allowed)


def judge_order(claim: Claim, asked: Asked, trained: Sequence[Trained]) -> Iterator[Finding]:
    """What the joint encoder loses by masking against what another loses."""
    pairs = list(claims.mask_pairs(trained))
    joint = [p for p in pairs if claims.is_joint(p[0]) and claims.is_fine(p[0], trained)]
    for ours in joint:
        for other in pairs:
            if claims.is_joint(other[0]) or not same_parts(ours[0], other[0]):
                continue
            yield compare_losses(claim, asked, ours, other)


def compare_losses(claim: Claim, asked: Asked, ours: Pair, other: Pair) -> Finding:
    known = [each.recalls(asked) for each in (*ours, *other)]
    seeds = shared(*known)
    if not seeds:
        return unpaired(claim, asked, (*ours, *other))
    dull = [plain for plain, _ in (ours, other) if not has_learned(plain, asked)]
    if dull:
        return unlearned(claim, asked, dull)
    plain, masked, their_plain, their_masked = known
    lost = Spread(tuple(plain[seed] - masked[seed] for seed in seeds))
    they_lost = Spread(tuple(their_plain[seed] - their_masked[seed] for seed in seeds))
    memory = memories((ours[1], other[1]))
    blank = Finding(
        claim=claim,
        verdict="not judged",
        benchmark=titled(asked),
        sides=(
            Side(label=ours[0].label, shares=lost, memory=memory[0], is_loss=True),
            Side(label=other[0].label, shares=they_lost, memory=memory[1], is_loss=True),
        ),
    )
    less = zip(seeds, they_lost.values, lost.values, strict=True)
    return concluded(blank, {seed: theirs - own for seed, theirs, own in less})


def judge_pairs(
    claim: Claim,
    asked: Asked,
    trained: Sequence[Trained],
    *,
    of: Callable[[Sequence[Trained]], Iterator[Pair]],
) -> Iterator[Finding]:
    for pair in of(trained):
        yield compared(claim, asked, pair)


def judge_ceiling(claim: Claim, asked: Asked, trained: Sequence[Trained]) -> Iterator[Finding]:
    """What an encoder reached, beside what is proved to be out of its reach. Where ties are broken
    by rounding the ceiling is what is to be expected, so that it is passed only where the bootstrap
    interval lies above it."""
    for each in trained:
        for ceiling in ceilings_of(each, asked):
            if is_of_kind(each.cell, ceiling.kind):
                yield under(claim, asked, each, ceiling)


def under(claim: Claim, asked: Asked, trained: Trained, ceiling: Ceiling) -> Finding:
    direction = next(way for way in DIRECTIONS if ceiling.metric.startswith(way))
    most = ceiling.random_ties_value
    results = trained.results(asked)
    reached = {seed: found.metrics[direction][RECALL] for seed, found in results.items()}
    surely = {
        seed: (found.interval(direction, RECALL) or (reached[seed],))[0]
        for seed, found in results.items()
    }
    holds = tuple(low <= most for low in surely.values())
    differences = tuple(most - share for share in reached.values())
    return Finding(
        claim=claim,
        verdict=verdict_of(holds, Spread(differences).mean >= 0, fewest=1),
        benchmark=titled(asked, direction),
        sides=(
            Side(label=f"{ceiling.kind} ceiling", shares=Spread((most,))),
            Side(label=trained.label, shares=Spread(tuple(reached.values()))),
        ),
        seeds=tuple(results),
        differences=differences,
        holds=holds,
    )


JUDGES: Mapping[Name, Judge] = {
    "time": partial(judge_time, ordered=True),
    "frames": partial(judge_time, ordered=False),
    "holds": judge_holds,
    "falls": judge_falls,
    "order": judge_order,
    "coarse": partial(judge_pairs, of=claims.coarse_pairs),
    "adapted": partial(judge_pairs, of=partial(claims.adapted_pairs, train=claims.ADAPTATIONS)),
    "last": partial(judge_pairs, of=partial(claims.adapted_pairs, train=("last_k",))),
    "adapters": partial(judge_pairs, of=claims.adapter_pairs),
    "ceiling": judge_ceiling,
}
