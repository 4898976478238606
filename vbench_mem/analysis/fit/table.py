"""Answers -> rows of a CSV and the lines of a table.

Bytes stay whole, and what is not there is empty.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vbench_mem.analysis.fit.solve import Answer
from vbench_mem.analysis.fit.variants import Line

COLUMNS = (
    *("line", "variant", "resolution_px", "mode", "dtype", "attention", "optimizer", "checkpoint"),
    *("sought", "at_frames", "at_batch", "largest", "largest_bytes", "beyond", "beyond_bytes"),
    *("limit_bytes", "ending", "predictions", "reason"),
)
Grid = tuple[list[str], list[list[str]]]  # headings, and the texts of each line


def row_of(answer: Answer) -> dict[str, Any]:
    """Everything about one answer, by column of the CSV."""
    cell, seeks_frames = answer.line.cell, answer.sought == "frames"
    return {
        "line": answer.line.label,
        "variant": cell.variant,
        "resolution_px": cell.load.resolution_px,
        "mode": cell.load.mode,
        "dtype": cell.runtime.dtype,
        "attention": cell.runtime.attention,
        "optimizer": cell.runtime.optimizer,
        "checkpoint": answer.line.checkpoint,
        "sought": answer.sought,
        "at_frames": None if seeks_frames else answer.given,
        "at_batch": answer.given if seeks_frames else None,
        "largest": answer.largest,
        "largest_bytes": answer.bytes_at,
        "beyond": answer.beyond,
        "beyond_bytes": answer.bytes_beyond,
        "limit_bytes": answer.limit_bytes,
        "ending": answer.ending,
        "predictions": len(answer.sizes),
        "reason": answer.reason,
    }


def write_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    """A header, line feeds, UTF-8; an empty field is a number that is not there."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: said(row[name]) for name in columns})


def said(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def grid(answers: Sequence[Answer]) -> Grid:
    """One line for each variant without and with checkpointing, one column for each question."""
    questions = sorted(
        {(answer.sought, answer.given) for answer in answers},
        key=lambda q: (q[0] != "frames", q[1]),
    )
    heads = [
        f"frames at batch {given}" if sought == "frames" else f"clips at {given} frames"
        for sought, given in questions
    ]
    lines: dict[str, tuple[Line, dict[tuple[str, int], str]]] = {}
    for answer in answers:
        _, found = lines.setdefault(answer.line.key, (answer.line, {}))
        found[answer.sought, answer.given] = text_of(answer)
    return (
        ["variant", "checkpoint", *heads],
        [
            [line.label, "yes" if line.checkpoint else "no"]
            + [found.get(question, "") for question in questions]
            for line, found in lines.values()
        ],
    )


def text_of(answer: Answer) -> str:
    if answer.ending == "unpredicted":
        return "?"
    if answer.largest is None:
        return "none"
    return f"{answer.largest:,}" if answer.ending == "edge" else f"{answer.largest:,} or more"


def reasons(answers: Sequence[Answer]) -> list[str]:
    """Why there are question marks, each reason of a line once."""
    return list(
        dict.fromkeys(
            f"{answer.line.key}: {answer.reason}" for answer in answers if answer.reason is not None
        )
    )


def markdown(table: Grid, left: int = 1) -> str:
    """A table whose first `left` columns are text and whose others are numbers."""
    heads, lines = table
    rule = ["---" if place < left else "---:" for place in range(len(heads))]
    return "".join(
        "| " + " | ".join(text.replace("|", r"\|") for text in line) + " |\n"
        for line in (heads, rule, *lines)
    )
