"""The files of a fit and of the claims: CSV, Markdown and the picture."""

from collections.abc import Sequence
from pathlib import Path

from vbench_mem.analysis.claims.finding import Finding, by_claim
from vbench_mem.analysis.claims.table import (
    CLAIM_COLUMNS,
    claim_grid,
    disagreements,
    row_of_finding,
)
from vbench_mem.analysis.fit.limit import FitLimit
from vbench_mem.analysis.fit.solve import FitAnswer
from vbench_mem.analysis.fit.table import COLUMNS, grid, markdown, reasons, row_of, write_csv
from vbench_mem.base.files import write_file
from vbench_mem.report.content.definitions import VALIDATION

WHAT = {
    "cuda": "predicted memory of the process",
    "cpu": "predicted peak of all tensors",
}


def write_fit(answers: Sequence[FitAnswer], limit: FitLimit, name: str, folder: Path) -> list[Path]:
    """fit.csv, fit.md, fit.png and fit.svg; the paths of those written."""
    from vbench_mem.report.draw.canvas import save  # matplotlib: slow to import
    from vbench_mem.report.draw.fit import draw_fit

    write_csv(map(row_of, answers), COLUMNS, folder / "fit.csv")
    write_file(folder / "fit.md", fit_text(answers, limit, name))
    written = [folder / "fit.csv", folder / "fit.md"]
    if any(answer.sizes for answer in answers):
        save(draw_fit(answers, limit.title, WHAT[limit.target]), folder, "fit")
        written += [folder / "fit.png", folder / "fit.svg"]
    return written


def fit_text(answers: Sequence[FitAnswer], limit: FitLimit, name: str) -> str:
    """What the numbers are, then the table, then what could not be predicted."""
    about = (
        f"{WHAT[limit.target].capitalize()}, searched without a device: each number fits and the "
        f"next step does not. {VALIDATION}"
    )
    table = markdown(grid(answers), left=2)
    lines = [f"# What of {name} fits {limit.title}", "", about, "", table]
    return "\n".join([*lines, *(f"- {line}" for line in reasons(answers))])


def write_claims(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """claims.csv and claims.md; the paths of both."""
    write_csv(map(row_of_finding, findings), CLAIM_COLUMNS, folder / "claims.csv")
    write_file(folder / "claims.md", claims_text(findings))
    return [folder / "claims.csv", folder / "claims.md"]


def claims_text(findings: Sequence[Finding]) -> str:
    """The table, each claim with its source, then every disagreement with its reason."""
    claims = {claim.name: claim for claim, _ in by_claim(findings)}
    lines = [
        "# The paper's claims on memory, and our predictions",
        "",
        "Peaks of a training step in bfloat16, 256 px; flash attention, foreach AdamW and kept "
        "activations unless a column differs. A limit is compared with the whole process.",
        "",
        markdown(claim_grid(findings), left=2),
        "## The claims",
        "",
    ]
    for claim in claims.values():
        text = f"{claim.statement} ({claim.bounds}). {claim.source}; {claim.certainty}."
        lines.append(f"- {claim.name}: {text}")
    lines += ["", "## Where our numbers disagree, and why", ""]
    for name, reasons_of in disagreements(findings).items():
        lines += [f"**{name}** ({claims[name].bounds})", ""]
        lines += [*(f"- {reason}" for reason in reasons_of), ""]
    return "\n".join(lines)
