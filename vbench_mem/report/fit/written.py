"""The files of a fit and of the claims: CSV, Markdown and the picture."""

from collections.abc import Sequence
from pathlib import Path

from vbench_mem.analysis.claims.agreement import (
    CLAIM_COLUMNS,
    claim_grid,
    disagreements,
    row_of_finding,
    stated,
)
from vbench_mem.analysis.claims.memory_findings import Finding
from vbench_mem.analysis.fit.limit import MemoryLimit
from vbench_mem.analysis.fit.solve import Answer
from vbench_mem.analysis.fit.table import COLUMNS, grid, markdown, reasons, row_of, write_csv

WHAT = {
    "cuda": "predicted memory of the process",
    "cpu": "predicted peak of all tensors",
}


def write_fit(answers: Sequence[Answer], limit: MemoryLimit, name: str, folder: Path) -> list[Path]:
    """fit.csv, fit.md, fit.png and fit.svg; the paths of those written."""
    from vbench_mem.report.draw.canvas import save  # matplotlib: slow to import
    from vbench_mem.report.draw.fit import draw_fit

    write_csv(map(row_of, answers), COLUMNS, folder / "fit.csv")
    (folder / "fit.md").write_text(fit_text(answers, limit, name), encoding="utf-8")
    written = [folder / "fit.csv", folder / "fit.md"]
    if any(answer.sizes for answer in answers):
        save(draw_fit(answers, limit.title, WHAT[limit.target]), folder, "fit")
        written += [folder / "fit.png", folder / "fit.svg"]
    return written


def fit_text(answers: Sequence[Answer], limit: MemoryLimit, name: str) -> str:
    """What the numbers are, then the table, then what could not be predicted."""
    return "\n".join(
        [
            f"# What of {name} fits {limit.title}",
            "",
            f"{WHAT[limit.target].capitalize()}, searched without a device: each number fits and "
            "the next step does not.",
            "",
            markdown(grid(answers), left=2),
            *(f"- {line}" for line in reasons(answers)),
        ]
    )


def write_claims(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """claims.csv and claims.md; the paths of both."""
    write_csv(map(row_of_finding, findings), CLAIM_COLUMNS, folder / "claims.csv")
    (folder / "claims.md").write_text(claims_text(findings), encoding="utf-8")
    return [folder / "claims.csv", folder / "claims.md"]


def claims_text(findings: Sequence[Finding]) -> str:
    """The table, each claim with its source, then every disagreement with its reason."""
    claims = {finding.claim.claim: finding.claim for finding in findings}
    return "\n".join(
        [
            "# The paper's claims on memory, and our predictions",
            "",
            "Peaks of a training step in bfloat16, 256 px; flash attention, foreach AdamW and kept "
            "activations unless a column differs. A limit is compared with the whole process.",
            "",
            markdown(claim_grid(findings), left=2),
            "## The claims",
            "",
            *(
                f"- {claim.claim}: {claim.says} ({stated(claim)}). {claim.source}; {claim.sure}."
                for claim in claims.values()
            ),
            "",
            "## Where our numbers disagree, and why",
            "",
            *(
                "\n".join(
                    [f"**{claim}** ({stated(claims[claim])})", "", *map("- {}".format, why), ""]
                )
                for claim, why in disagreements(findings).items()
            ),
        ]
    )
