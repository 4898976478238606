"""Reads a caption file: pairs of a video's path and its caption, as CSV or JSON lines. No torch."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vbench_mem.errors import UsageError

COLUMNS = ("path", "caption")
OBJECT = '{"path": "clip.mp4", "caption": "a disc moves"}'


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
        raise UsageError(f"{file}: a caption file ends in .csv or .jsonl; rename it")
    try:
        pairs = [pair(file, line, row) for line, row in readers[file.suffix](file)]
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    if not pairs:
        raise UsageError(f"{file}: has no rows; give at least one path and caption")
    return pairs


def csv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, strict=True)
        try:
            check_columns(file, 1, list(reader.fieldnames or ()))
            for row in reader:
                if None in row:
                    raise UsageError(
                        f"{file}:{reader.line_num}: more cells than columns; quote a caption that "
                        "has commas"
                    )
                yield reader.line_num, dict(row)
        except csv.Error as error:
            raise UsageError(
                f"{file}:{reader.reader.line_num}: is not CSV ({error}); write a quote in a quoted "
                'caption twice: "a ""big"" disc"'
            ) from error


def check_columns(file: Path, line: int, columns: list[str]) -> None:
    for column in COLUMNS:
        if columns.count(column) != 1:
            raise UsageError(
                f"{file}:{line}: needs {column} once, has {', '.join(columns) or 'nothing'}; "
                f"write {' and '.join(COLUMNS)}"
            )


def json_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    with file.open(encoding="utf-8-sig") as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                # an object comes as its pairs, so that a name given twice is seen
                pairs = json.loads(line, object_pairs_hook=tuple)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{file}:{number}: is not JSON ({error.msg}); write {OBJECT} on each line"
                ) from error
            if not isinstance(pairs, tuple):
                raise UsageError(f"{file}:{number}: is not an object; write {OBJECT}")
            check_columns(file, number, [name for name, _ in pairs])
            yield number, dict(pairs)


def pair(file: Path, line: int, row: dict[str, object]) -> Pair:
    for column in COLUMNS:
        value = row.get(column)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(
                f"{file}:{line}: {column} is empty or no text; write it or remove the row"
            )
    path = file.parent / str(row["path"])
    if not path.is_file():
        raise UsageError(f"{file}:{line}: no video {path}; write a path relative to {file.name}")
    return Pair(path, str(row["caption"]))
