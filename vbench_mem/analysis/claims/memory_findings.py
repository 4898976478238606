"""The paper's claims held against predictions: our number, whether it agrees, and why not.

Sentences are made of our numbers alone: no outcome and no cause is written down here. No torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from vbench_mem.analysis.claims.memory import CONDITIONS, Claim, Condition, cell_of
from vbench_mem.analysis.fit.parts import compare_growths, compare_layers, compare_peaks, describe
from vbench_mem.analysis.fit.solve import Answer, solve_all
from vbench_mem.analysis.fit.variants import Line
from vbench_mem.base.units import format_bytes
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.predictions import predict_all

TARGET: Target = "cuda"
Wanted = Mapping[str, tuple[Cell, Target]]
Outcomes = Mapping[str, Prediction | Unpredicted]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Our number for a claim under a condition.

    ours     the ratio, or for a limit the bytes; None without a prediction, `reason` says why
    bytes    of each of `claim.variants()`: peaks, of a limit what must fit it
    why      one sentence out of our numbers where they disagree
    largest  of a claim about a limit: the largest batch that keeps it, 0 for none
    """

    claim: Claim
    condition: Condition
    ours: float | None = None
    holds: bool | None = None
    bytes: tuple[int, ...] = ()
    why: str | None = None
    largest: int | None = None
    reason: str | None = None


Outcome = Prediction | Unpredicted
Predict = Callable[[Mapping[str, tuple[Cell, Target]]], Mapping[str, Outcome]]


def check_all(
    claims: Sequence[Claim],
    conditions: Sequence[Condition] = CONDITIONS,
    done: Callable[[str], None] = lambda _: None,
    jobs: int | None = None,
) -> list[Finding]:
    """Every claim under every condition, in the order given; each cell is predicted once."""
    wanted: dict[str, tuple[Cell, Target]] = {}
    for claim in claims:
        for condition in conditions:
            for cell in cells_of(claim, condition):
                wanted[cell.id] = (cell, TARGET)
    found = predict_all(wanted, done, jobs)
    edges = largest_batches(claims, conditions, done, jobs)
    return [
        judge(claim, condition, found, edges.get((claim.claim, apart(condition))))
        for claim in claims
        for condition in conditions
    ]


def cells_of(claim: Claim, condition: Condition) -> list[Cell]:
    return [cell_of(name, claim.frames, condition) for name in claim.variants()]


def apart(condition: Condition) -> Condition:
    """The condition without its batch."""
    return replace(condition, batch=1)


def largest_batches(
    claims: Sequence[Claim],
    conditions: Sequence[Condition],
    done: Callable[[str], None],
    jobs: int | None,
) -> dict[tuple[str, Condition], Answer]:
    """Of claims about a limit: how large a batch keeps it, under each condition but the batch."""
    found: dict[tuple[str, Condition], Answer] = {}
    for limit in sorted({claim.high for claim in claims if claim.kind == "fits" and claim.high}):
        asked = [
            (claim, condition)
            for claim in claims
            if claim.kind == "fits" and claim.high == limit
            for condition in dict.fromkeys(map(apart, conditions))
        ]
        lines = [
            Line(
                cell=cells_of(claim, condition)[0],
                label=f"{claim.claim}, {condition.label}",
                frames=(claim.frames,),
                batches=(),
            )
            for claim, condition in asked
        ]
        answers = solve_all(lines, int(limit), TARGET, lambda line, _: done(line.label), jobs)
        for (claim, condition), answer in zip(asked, answers, strict=True):
            found[claim.claim, condition] = answer
    return found


def judge(
    claim: Claim, condition: Condition, found: Outcomes, edge: Answer | None = None
) -> Finding:
    """The finding out of predictions by cell id."""
    outcomes = [found[cell.id] for cell in cells_of(claim, condition)]
    finding = Finding(claim=claim, condition=condition)
    for outcome in outcomes:
        if isinstance(outcome, Unpredicted):
            return replace(finding, reason=outcome.reason)
    known = [outcome for outcome in outcomes if isinstance(outcome, Prediction)]
    if claim.kind == "fits":
        return judge_limit(finding, known[0], edge)
    sizes = tuple(prediction.peak_bytes for prediction in known)
    ours = sizes[0] / sizes[1]
    if claim.kind == "growth":
        ours /= sizes[2] / sizes[3]
    holds = claim.holds(ours)
    why = None if holds else why_not(claim, condition, known)
    return replace(finding, ours=ours, holds=holds, bytes=sizes, why=why)


def why_not(claim: Claim, condition: Condition, known: Sequence[Prediction]) -> str:
    if claim.kind == "growth":
        return compare_growths(claim.variants(), known)
    by_layer = compare_layers(cells_of(claim, condition), known)
    return "; ".join(filter(None, (compare_peaks(claim.variants(), known), by_layer)))


def judge_limit(finding: Finding, prediction: Prediction, edge: Answer | None) -> Finding:
    process = prediction.process_bytes
    size = prediction.peak_bytes if process is None else process
    holds = finding.claim.holds(size)
    largest = None if edge is None or edge.ending == "unpredicted" else edge.largest or 0
    why = None
    if not holds:
        why = f"it needs {format_bytes(size)}: {describe(finding.claim.more, prediction)}"
        if largest is not None:
            why += f"; the largest batch that fits is {largest}"
    return replace(finding, ours=size, holds=holds, bytes=(size,), why=why, largest=largest)
