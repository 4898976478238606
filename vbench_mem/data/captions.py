"""Reads a caption file: pairs of a video's path and its caption, as CSV or JSON lines. No torch."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vbench_mem.errors import UsageError

COLUMNS = ("path", "caption")


@dataclass(frozen=True)
class Pair:
    path: Path
    caption: str


def read_captions(file: Path) -> list[Pair]:
    """All pairs of a `.csv` (header `path,caption`) or `.jsonl` file, in the order of the file.

    Paths are relative to the caption file. Other columns are left alone. Raises `UsageError` that
    names file and line for a missing column, an empty cell, a broken line or a video not there.
    """
    readers = {".csv": csv_rows, ".jsonl": json_rows}
    if file.suffix not in readers:
        raise UsageError(f"{file}: a caption file ends in .csv or .jsonl")
    try:
        pairs = [pair(file, line, row) for line, row in readers[file.suffix](file)]
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 text (byte {error.start})") from error
    if not pairs:
        raise UsageError(f"{file}: has no rows; give at least one path and caption")
    return pairs


def csv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, strict=True)
        header = list(reader.fieldnames or ())
        for column in COLUMNS:
            if header.count(column) != 1:
                raise UsageError(
                    f"{file}:1: needs one column called {column}, has {', '.join(header) or 'none'}"
                )
        try:
            for row in reader:
                if None in row:
                    raise UsageError(
                        f"{file}:{reader.line_num}: more cells than columns; quote a caption that "
                        "has commas"
                    )
                yield reader.line_num, dict(row)
        except csv.Error as error:
            raise UsageError(f"{file}:{reader.line_num + 1}: is not CSV ({error})") from error


def json_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with file.open(encoding="utf-8-sig") as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(f"{file}:{number}: is not JSON ({error.msg})") from error
            if not isinstance(row, dict):
                raise UsageError(
                    f'{file}:{number}: is not an object; write {{"path": ..., "caption": ...}}'
                )
            yield number, row


def pair(file: Path, line: int, row: dict[str, object]) -> Pair:
    for column in COLUMNS:
        value = row.get(column)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{file}:{line}: {column} is missing or empty")
    path = file.parent / str(row["path"])
    if not path.is_file():
        raise UsageError(f"{file}:{line}: no video {path}; write a path relative to {file.name}")
    return Pair(path, str(row["caption"]))
