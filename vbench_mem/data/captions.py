"""Reads a caption file: pairs of a video's path and its caption, as CSV or JSON lines. No torch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.text_files import csv_rows, json_rows, reading

COLUMNS = ("path", "caption")
OBJECT = '{"path": "clip.mp4", "caption": "a disc moves"}'


@dataclass(frozen=True)
class CaptionedVideo:
    path: Path
    caption: str


@dataclass(frozen=True)
class CaptionRow:
    """One pair as it is written: `path` is text, and the file may not exist."""

    line: int
    path: str
    caption: str


def read_captions(file: Path) -> list[CaptionedVideo]:
    """All pairs of a `.csv` (header `path,caption`) or `.jsonl` file, in the order of the file.

    Paths are relative to the caption file. Other columns are ignored. Raises `UsageError` with file
    and line for a missing column, an empty cell, a broken line or a missing video.
    """
    found = []
    for row in read_rows(file):
        path = file.parent / row.path
        if not path.is_file():
            fix = f"write a path relative to {file.name}"
            raise UsageError(f"{file}:{row.line}: no video {path}; {fix}")
        found.append(CaptionedVideo(path, row.caption))
    return found


def read_rows(file: Path) -> list[CaptionRow]:
    """The rows of a caption file; raises as `read_captions` does, but not for missing videos."""
    if file.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"{file}: a caption file ends in .csv or .jsonl; rename it")
    found: Iterator[tuple[int, Mapping[str, object]]] = csv_rows(file, COLUMNS)
    if file.suffix == ".jsonl":
        found = json_rows(file, COLUMNS, OBJECT)
    with reading(file):
        rows = [checked(file, line, row) for line, row in found]
    if not rows:
        raise UsageError(f"{file}: has no rows; give at least one path and caption")
    return rows


def checked(file: Path, line: int, row: Mapping[str, object]) -> CaptionRow:
    for column in COLUMNS:
        value = row.get(column)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(
                f"{file}:{line}: {column} is empty or not text; write it or remove the row"
            )
    return CaptionRow(line, str(row["path"]), str(row["caption"]))
