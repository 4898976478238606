"""Findings about memory -> rows of a CSV and lines of a table. Bytes stay whole."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vbench_mem.analysis.claims.finding import ClaimVerdict, Finding, by_claim
from vbench_mem.analysis.fit.table import Grid, pivot
from vbench_mem.base.units import BINARY

CLAIM_COLUMNS = (
    *("claim", "statement", "kind", "frames", "batch", "dtype", "attention", "optimizer"),
    *("checkpoint", "bytes", "number", "low", "high", "verdict", "largest_batch", "reason"),
    *("certainty", "source"),
)


def row_of_finding(finding: Finding) -> dict[str, Any]:
    """By column of the CSV; `bytes` are those of each variant, in the order of the claim."""
    claim, condition = finding.claim, finding.condition
    assert condition is not None
    facts = {
        **claim.model_dump(),
        **asdict(condition),
        "claim": claim.name,
        "dtype": "bfloat16",
        "bytes": " ".join(f"{side.label}={side.memory}" for side in finding.sides),
        "number": round(finding.numbers[0], 4) if finding.numbers else None,
        "verdict": finding.verdict.value,
        "largest_batch": finding.largest_batch,
        "reason": finding.reason,
    }
    return {name: facts[name] for name in CLAIM_COLUMNS}


def claim_grid(findings: Sequence[Finding]) -> Grid:
    """One line for each claim, one column for each condition."""
    return pivot(
        ("claim", "the paper says"),
        list(dict.fromkeys(str(finding.setting) for finding in findings)),
        [
            ((finding.claim.name, finding.claim.bounds), str(finding.setting), text_of(finding))
            for finding in findings
        ],
    )


def text_of(finding: Finding) -> str:
    """`2.25`, or `no: 6.20` where the claim does not hold."""
    if finding.verdict is ClaimVerdict.NOT_JUDGED:
        return "?"
    text = f"{finding.numbers[0]:.2f}"
    if finding.claim.kind == "fits":
        text = f"{finding.numbers[0] / BINARY['GiB']:.3g} GiB"
    return text if finding.verdict is ClaimVerdict.HOLDS else f"no: {text}"


def disagreements(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """By claim, a sentence for each condition under which it does not hold or is not judged."""
    return {
        claim.name: [f"{finding.setting}: {finding.reason}" for finding in some]
        for claim, some in by_claim(finding for finding in findings if finding.reason)
    }
