"""Write a report's folder, of one matrix or of several.

report.html, report.pdf, report.md   the same document three times
table.csv, table.parquet             all numbers, for programs
figures/<name>.svg, .png             each drawn once
records/, predictions/               the file of each row
matrix.yaml                          the matrix

With several matrices, the names of tables, figures and matrices start with that of their matrix.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vbench_mem.analysis.budgets.baseline import index_baseline
from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.predict import with_recorded_predictions
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.analysis.claims.accuracy import findings
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.predicted_rows import PredictedRows, judge_predicted
from vbench_mem.base.errors import UsageError, cannot_write
from vbench_mem.base.files import temporary_file, write_file
from vbench_mem.base.metrics import PREDICTED
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.content.whole import document_of
from vbench_mem.report.evidence import write_evidence
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.table import write_table
from vbench_mem.report.training_table import failed_trainings
from vbench_mem.report.write import written

FIGURES = "figures"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One matrix of a report; `predicted` if nothing was run; `again`: the commands."""

    joined: Joined
    predicted: PredictedRows | None = None
    again: str | None = None


def build_report(
    subjects: Sequence[Subject], folder: Path, title: str | None = None, *, page_only: bool = False
) -> dict[str, Any]:
    """Writes all files into the folder; returns the content as JSON-ready data.

    page_only  the page with the figures inside it, CSV tables, matrices and records; nothing that
               is there already in another form
    """
    matrices = [subject.joined.matrix.name for subject in subjects]
    prefixes = prefixes_of(matrices)
    more = f" and {len(matrices) - 1} more" if len(matrices) > 1 else ""
    title = (title or "").strip() or matrices[0] + more
    try:
        with TemporaryDirectory() as temporary:
            figures = Path(temporary) if page_only else folder / FIGURES
            folder.mkdir(parents=True, exist_ok=True)
            figures.mkdir(exist_ok=True)
            made = [
                write_chapter(subject, folder, prefix, figures, page_only)
                for subject, prefix in zip(subjects, prefixes, strict=True)
            ]
        chapters = [chapter for chapter, _ in made]
        document = document_of(chapters, title)
        forms = [".html"] if page_only else [".html", ".pdf", ".md"]
        for form in forms:
            write_file(folder / f"report{form}", written(document, form))
    except OSError as error:
        raise cannot_write(folder, error, "choose another with --out") from error
    names = [f"report{form}" for form in forms]
    files = [*names, *(name for _, some in made for name in some)]
    facts = [facts_of(chapter) for chapter in chapters]
    data = facts[0] if len(facts) == 1 else {"chapters": facts}
    return {"folder": str(folder), "files": files, **data}


def verdicts_of(subject: Subject) -> tuple[Joined, list[Verdict]]:
    """The rows with the prediction that their record holds, and what the budgets say of them."""
    if subject.predicted is not None:
        return subject.predicted.joined, judge_predicted(subject.predicted.joined)
    matrix = subject.joined.matrix
    there = matrix.baseline is not None and matrix.baseline.is_file()
    indexed = index_baseline(matrix.baseline, matrix.wanted) if matrix.baseline and there else None
    joined = with_recorded_predictions(subject.joined)
    return joined, judge(matrix.budgets, joined, indexed)


def prefixes_of(names: Sequence[str]) -> list[str]:
    """What the files and anchors of each matrix begin with: letters, digits, `_` and hyphens,
    which are fit for both. Raises `UsageError` where those of two would be the same."""
    if len(names) == 1:
        return [""]
    found = [re.sub(r"[^\w-]+", "-", name).strip("-") or "matrix" for name in names]
    counts = Counter(prefix.casefold() for prefix in found)  # as some file systems have it
    twice = next((prefix for prefix, count in counts.items() if count > 1), None)
    if twice is not None:
        raise UsageError(
            f"two of these matrices would have the same files, {twice}-table.csv and others; "
            "rename one, or report them one by one"
        )
    return [f"{prefix}-" for prefix in found]


def write_chapter(
    subject: Subject, folder: Path, prefix: str, figures_folder: Path, page_only: bool
) -> tuple[Chapter, list[str]]:
    """The files of one matrix but the document; names of those but its evidence. Raises
    `OSError`."""
    joined, verdicts = verdicts_of(subject)
    figures = [
        replace(figure, has_files=not page_only)
        for figure in illustrate(plans(joined), figures_folder, prefix)
    ]
    tables = [f"{prefix}table.csv"] + ([] if page_only else [f"{prefix}table.parquet"])
    for name in tables:
        with temporary_file(folder / name) as temporary:
            write_table(joined, temporary, is_parquet=name.endswith("parquet"))
    write_file(folder / f"{prefix}matrix.yaml", joined.matrix.text)
    write_evidence(joined, folder)
    drawn = (each.name for each in figures if each.svg is not None and each.has_files)
    drawings = (f"{FIGURES}/{name}.{kind}" for name in drawn for kind in ("svg", "png"))
    chapter = Chapter(
        joined=joined,
        verdicts=verdicts,
        figures=figures,
        prefix=prefix,
        predicted=subject.predicted,
        again=subject.again,
    )
    return chapter, [*tables, f"{prefix}matrix.yaml", *drawings]


def predicted_metrics(row: Row) -> dict[str, int | float | None]:
    return {name: row.metric(name) for name in PREDICTED if row.has_prediction_of(name)}


def facts_of(chapter: Chapter) -> dict[str, Any]:
    """Rows, verdicts and unmatched scores as JSON-ready data."""
    joined = chapter.joined
    return {
        "matrix": joined.matrix.name,
        "figures_skipped": {f.name: f.skipped for f in chapter.figures if f.skipped is not None},
        "rows": [
            {
                "cell_id": row.cell.id,
                "label": row.label,
                "status": row.state,
                "reason": row.reason,
                "metrics": row.record.metrics if row.record else predicted_metrics(row),
                "scores": {column: score.value for column, score in row.scores.items()},
            }
            for row in joined.rows
        ],
        "findings": [
            {
                "claim": finding.claim.statement,
                "source": finding.claim.source,
                "verdict": finding.verdict,
                "text": finding.line,
                "seeds": list(finding.seeds),
                "differences": list(finding.numbers),
            }
            for finding in findings(joined)
        ],
        "trainings_without_result": [asdict(ending) for ending in failed_trainings(joined)],
        "verdicts": [asdict(verdict) for verdict in chapter.verdicts],
        "unmatched_scores": [
            {**score.model_dump(), "reason": reason} for score, reason in joined.unmatched
        ],
        "unmatched_cells": [row.cell.id for row in joined.unscored],
        "dropped": list(joined.matrix.dropped),
        "problems": list(joined.problems),
    }
