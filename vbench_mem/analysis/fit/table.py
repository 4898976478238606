"""Answers -> rows of a CSV and the lines of a table. Bytes stay whole."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vbench_mem.analysis.fit.solve import FitAnswer, FitEnding

COLUMNS = (
    *("line", "variant", "resolution_px", "mode", "dtype", "attention", "optimizer", "checkpoint"),
    *("sought", "at_frames", "at_batch", "largest", "largest_bytes", "beyond", "beyond_bytes"),
    *("limit_bytes", "ending", "predictions", "reason"),
)
Grid = tuple[list[str], list[list[str]]]  # headings, and the texts of each line


def row_of(answer: FitAnswer) -> dict[str, Any]:
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
    """A header, line feeds, UTF-8; an empty field has no value."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            flags = {name: str(it).lower() for name, it in row.items() if isinstance(it, bool)}
            writer.writerow(row | flags)


def grid(answers: Sequence[FitAnswer]) -> Grid:
    """One line for each variant without and with checkpointing, one column for each question."""
    by_question = sorted(answers, key=lambda answer: (answer.sought != "frames", answer.given))
    return pivot(
        ("variant", "checkpoint"),
        list(dict.fromkeys(map(question, by_question))),
        [
            (
                (answer.line.label, "yes" if answer.line.checkpoint else "no"),
                question(answer),
                text_of(answer),
            )
            for answer in answers
        ],
    )


def question(answer: FitAnswer) -> str:
    """The heading of its column."""
    if answer.sought == "frames":
        return f"most frames at batch {answer.given}"
    return f"largest batch at {answer.given} frames"


def pivot(
    left: Sequence[str],
    heads: Sequence[str],
    entries: Iterable[tuple[tuple[str, ...], str, str]],
) -> Grid:
    """A table out of entries: the texts on the left, a heading and a text; else empty places."""
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for start, head, text in entries:
        lines.setdefault(start, {})[head] = text
    return (
        [*left, *heads],
        [[*start, *(found.get(head, "") for head in heads)] for start, found in lines.items()],
    )


def text_of(answer: FitAnswer) -> str:
    if answer.ending is FitEnding.UNPREDICTED:
        return "?"
    if answer.largest is None:
        return "none"
    is_exact = answer.ending is FitEnding.EDGE
    return f"{answer.largest:,}" if is_exact else f"{answer.largest:,} or more"


def reasons(answers: Sequence[FitAnswer]) -> list[str]:
    """Why numbers are missing, each reason of a line once."""
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
