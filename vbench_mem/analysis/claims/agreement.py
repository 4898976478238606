"""Findings -> rows of a CSV and the lines of a table. Bytes stay whole."""

from collections.abc import Sequence
from typing import Any

from vbench_mem.analysis.claims.memory import Claim
from vbench_mem.analysis.claims.memory_findings import Finding
from vbench_mem.analysis.fit.table import Grid
from vbench_mem.base.units import BINARY, format_bytes, significant

CLAIM_COLUMNS = (
    *("claim", "says", "kind", "more", "less", "frames", "batch", "dtype", "attention"),
    *("optimizer", "checkpoint", "bytes", "ours", "low", "high", "holds", "largest_batch"),
    *("why", "reason", "sure", "source"),
)


def row_of_finding(finding: Finding) -> dict[str, Any]:
    """By column of the CSV; `bytes` are those of each cell compared, in the order of the claim."""
    claim, condition = finding.claim, finding.condition
    return {
        **claim.model_dump(),
        "batch": condition.batch,
        "dtype": "bfloat16",
        "attention": condition.attention,
        "optimizer": condition.optimizer,
        "checkpoint": condition.checkpoint,
        "bytes": " ".join(
            f"{name}={size}" for name, size in zip(claim.variants(), finding.bytes, strict=False)
        ),
        "ours": None if finding.ours is None else round(finding.ours, 4),
        "holds": finding.holds,
        "largest_batch": finding.largest,
        "why": finding.why,
        "reason": finding.reason,
    }


def claim_grid(findings: Sequence[Finding]) -> Grid:
    """One line for each claim, one column for each condition."""
    heads = list(dict.fromkeys(finding.condition.label for finding in findings))
    lines: dict[str, tuple[Claim, dict[str, str]]] = {}
    for finding in findings:
        _, found = lines.setdefault(finding.claim.claim, (finding.claim, {}))
        found[finding.condition.label] = text_of_finding(finding)
    return (
        ["claim", "stated", *heads],
        [
            [claim.claim, stated(claim), *(found.get(head, "") for head in heads)]
            for claim, found in lines.values()
        ],
    )


def text_of_finding(finding: Finding) -> str:
    """`2.25`, or `no: 6.20` where it does not hold."""
    if finding.ours is None:
        return "?"
    text = f"{finding.ours:.2f}"
    if finding.claim.kind == "fits":
        text = f"{significant(finding.ours / BINARY['GiB'])} GiB"
    return text if finding.holds else f"no: {text}"


def stated(claim: Claim) -> str:
    """The bounds as people write them: `2 to 3`, `above 1`, `16.00 GiB`."""
    if claim.kind == "fits" and claim.high is not None:
        return f"at most {format_bytes(claim.high)}"
    if claim.high is None:
        return f"at least {claim.low:g}"
    return (
        f"{claim.low:g} to {claim.high:g}" if claim.low is not None else f"at most {claim.high:g}"
    )


def disagreements(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """By claim, a sentence for each condition under which it does not hold, or has no number."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        if finding.why or finding.reason:
            sentence = f"{finding.condition.label}: {finding.why or finding.reason}"
            found.setdefault(finding.claim.claim, []).append(sentence)
    return found
