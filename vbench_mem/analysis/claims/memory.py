"""The claims about memory, judged by predictions under several conditions. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from vbench_mem.analysis.claims.claim import Claim, Condition
from vbench_mem.analysis.claims.finding import ClaimSide, ClaimVerdict, Finding, verdict_of
from vbench_mem.analysis.claims.parts import (
    compare_growths,
    compare_layers,
    compare_peaks,
    describe,
)
from vbench_mem.analysis.fit.solve import FitAnswer, must_fit, solve_all
from vbench_mem.analysis.fit.variants import FitLine
from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.units import format_bytes
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.resolve import with_kind
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.predictions import predict_all

TARGET: Target = "cuda"
CONDITIONS = (
    Condition(),
    Condition(batch=64),
    Condition(batch=1),
    Condition(attention="math"),
    Condition(batch=1, optimizer="fused"),
    Condition(checkpoint=True),
)


def judge_all(
    claims: Sequence[Claim],
    conditions: Sequence[Condition] = CONDITIONS,
    done: Callable[[str], None] = lambda _: None,
    jobs: int | None = None,
) -> list[Finding]:
    """Every claim under every condition, in the order given; each cell is predicted once."""
    cases = [(claim, condition) for claim in claims for condition in conditions]
    cells = [cell for case in cases for cell in cells_of(*case)]
    outcomes = predict_all({cell.id: (cell, TARGET) for cell in cells}, done, jobs)
    largest = largest_batches(cases, done, jobs)
    return [
        judge(claim, condition, outcomes, largest.get((claim, replace(condition, batch=1))))
        for claim, condition in cases
    ]


def cells_of(claim: Claim, condition: Condition) -> list[Cell]:
    return [cell_of(variant, claim.frames, condition) for variant in claim.variants]


def cell_of(variant: str, frames: int, condition: Condition) -> Cell:
    """The cell of a variant of the tables, in bfloat16."""
    encoder, _, recipe = variant.partition("+")
    spec = ENCODERS[encoder].spec
    return Cell(
        encoder=encoder,
        recipe_name=recipe or "full",
        spec=spec,
        recipe=with_kind(spec, RECIPES[recipe or "full"]),
        load=Load(frames=frames, batch=condition.batch, resolution_px=spec.resolution_px),
        runtime=Runtime(
            dtype="bfloat16",
            attention=condition.attention,
            optimizer=condition.optimizer,
            checkpoint=condition.checkpoint,
        ),
    )


def largest_batches(
    cases: Sequence[tuple[Claim, Condition]], done: Callable[[str], None], jobs: int | None
) -> dict[tuple[Claim, Condition], FitAnswer]:
    """The largest batch that keeps each claim about a limit, under each condition but the batch."""
    limits: dict[tuple[Claim, Condition], tuple[FitLine, int]] = {}
    for claim, condition in cases:
        if claim.kind == "fits" and claim.high is not None:
            key = claim, replace(condition, batch=1)
            cell = cells_of(*key)[0]
            name = f"{claim.name}, {condition.label}"
            line = FitLine(cell=cell, label=name, frames=(claim.frames,), batches=())
            limits[key] = line, int(claim.high)
    found = solve_all(list(limits.values()), TARGET, lambda line, _: done(line.label), jobs)
    return dict(zip(limits, found, strict=True))


def judge(
    claim: Claim,
    condition: Condition,
    outcomes: Mapping[str, Prediction | Unpredicted],
    largest: FitAnswer | None = None,
) -> Finding:
    """The finding out of predictions by cell id."""
    known: list[Prediction] = []
    for cell in cells_of(claim, condition):
        outcome = outcomes[cell.id]
        if isinstance(outcome, Unpredicted):
            return Finding(
                claim=claim,
                verdict=ClaimVerdict.NOT_JUDGED,
                setting=condition.label,
                condition=condition,
                reason=outcome.reason,
            )
        known.append(outcome)
    sizes = [
        must_fit(each.peak_bytes, each.process_bytes) if claim.kind == "fits" else each.peak_bytes
        for each in known
    ]
    number = number_of(claim, sizes)
    finding = Finding(
        claim=claim,
        verdict=verdict_of([claim.allows(number)]),
        setting=condition.label,
        condition=condition,
        sides=tuple(
            ClaimSide(label=variant, memory=size)
            for variant, size in zip(claim.variants, sizes, strict=True)
        ),
        numbers=(number,),
        holds=(claim.allows(number),),
        largest_batch=None if largest is None or largest.reason else largest.largest or 0,
    )
    return finding if finding.holds[0] else replace(finding, reason=why_not(finding, known))


def number_of(claim: Claim, sizes: Sequence[int]) -> float:
    """What the claim bounds, of the bytes of its variants."""
    if claim.kind == "fits":
        return sizes[0]
    ratio = sizes[0] / sizes[1]
    return ratio / (sizes[2] / sizes[3]) if claim.kind == "growth" else ratio


def why_not(finding: Finding, known: Sequence[Prediction]) -> str:
    """One sentence out of our numbers on a claim that does not hold."""
    claim, condition = finding.claim, finding.condition
    assert condition is not None
    if claim.kind == "growth":
        return compare_growths(claim.variants, known)
    if claim.kind == "ratio":
        by_layer = compare_layers(cells_of(claim, condition), known)
        return "; ".join(filter(None, (compare_peaks(claim.variants, known), by_layer)))
    why = f"it needs {format_bytes(finding.numbers[0])}: {describe(claim.variants[0], known[0])}"
    if finding.largest_batch is None:
        return why
    return f"{why}; the largest batch that fits is {finding.largest_batch}"
