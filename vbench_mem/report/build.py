"""Write a report's folder: report.html, table.csv, figures, records.jsonl, matrix.yaml."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vbench_mem.budgets.baseline import yardstick_of
from vbench_mem.budgets.foresee import recall
from vbench_mem.budgets.judge import judge
from vbench_mem.budgets.verdict import Verdict
from vbench_mem.errors import UsageError
from vbench_mem.join import Joined
from vbench_mem.machine.environment import Environment
from vbench_mem.report.document import Figure
from vbench_mem.report.html import render
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.judges import findings
from vbench_mem.report.schooled import unhappy
from vbench_mem.report.table import write_table
from vbench_mem.store import write_text


def build_report(joined: Joined, folder: Path) -> dict[str, Any]:
    """Everything in the folder, made where needed; what it says, for programs."""
    baseline = joined.matrix.baseline
    there = baseline is not None and baseline.is_file()
    yardstick = yardstick_of(baseline, joined.matrix.wanted) if baseline and there else None
    verdicts = judge(joined.matrix.budgets, recall(joined), yardstick)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = write_files(joined, verdicts, folder)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{folder}: cannot be written: {why}; choose another with --out"
        ) from error
    drawn = [picture.name for picture in pictures if picture.svg is not None]
    names = ["report.html", "table.csv", *(f"{n}.{kind}" for n in drawn for kind in ("png", "svg"))]
    return {
        "matrix": joined.matrix.name,
        "folder": str(folder),
        "files": [*names, "records.jsonl", "matrix.yaml"],
        "figures_skipped": {p.name: p.skipped for p in pictures if p.skipped is not None},
        **facts_of(joined, verdicts),
    }


def write_files(joined: Joined, verdicts: list[Verdict], folder: Path) -> list[Figure]:
    """Every file of the report; what became of its figures. Raises `OSError`."""
    pictures = illustrate(plans(joined), folder)
    write_table(joined, aside := folder / f".table.csv.{os.getpid()}.part")
    os.replace(aside, folder / "table.csv")
    write_text(folder / "records.jsonl", records_text(joined))
    write_text(folder / "matrix.yaml", joined.matrix.text)
    write_text(folder / "report.html", render(joined, verdicts, pictures, machine_of(joined)))
    return pictures


def facts_of(joined: Joined, verdicts: list[Verdict]) -> dict[str, Any]:
    """Rows, verdicts and what did not meet, as JSON-ready data."""
    return {
        "rows": [
            {
                "cell_id": row.cell.id,
                "label": row.label,
                "status": row.state,
                "reason": row.reason,
                "metrics": row.record.metrics if row.record else {},
                "scores": {column: score.value for column, score in row.scores.items()},
            }
            for row in joined.rows
        ],
        "findings": [
            {
                "claim": finding.claim.says,
                "source": finding.claim.source,
                "verdict": finding.verdict,
                "text": finding.line,
                "seeds": list(finding.seeds),
                "differences": list(finding.differences),
            }
            for finding in findings(joined)
        ],
        "trainings_without_result": [asdict(ending) for ending in unhappy(joined)],
        "verdicts": [asdict(verdict) for verdict in verdicts],
        "unmatched_scores": [
            {**score.model_dump(), "reason": reason} for score, reason in joined.unmatched
        ],
        "unmatched_cells": [row.cell.id for row in joined.unscored],
        "dropped": list(joined.matrix.dropped),
        "problems": list(joined.problems),
    }


def records_text(joined: Joined) -> str:
    """One record a line, in the order of the rows; then stages and trainings."""
    return "".join(f"{record.model_dump_json()}\n" for record in joined.records)


def machine_of(joined: Joined) -> Environment | None:
    """The machine, from the first record that has it: all records of a run are of one."""
    found = (record.environment for record in joined.records)
    return next((environment for environment in found if environment is not None), None)
