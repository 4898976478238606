"""Reads rows and documents from text files; every error names its file and line.

CSV, JSON lines, JSON, tab-separated, plain lines. Independent of the format of annotations. No
torch.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.base.strict_json import parse_json

MEND = "correct it, or fetch the file again"


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Raises `UsageError` for errors of opening, reading and decoding a file."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}:{bad_line(file)}: is not UTF-8 text; save it as UTF-8") from error


def bad_line(file: Path) -> int:
    """The number of the first line that is not UTF-8, which the decoder's error does not have."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{file} can be decoded")


def csv_rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Line numbers with cells by the header's names; in short rows the last cells are None.

    Raises `UsageError` unless each of `columns` is there exactly once, for a row with more cells
    than the header, and for broken quotes.
    """
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, strict=True)
        try:
            check_columns(file, 1, list(reader.fieldnames or ()), columns)
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


def csv_header(file: Path) -> list[str]:
    """The first row's cells; none in an empty file."""
    with reading(file), file.open(encoding="utf-8-sig", newline="") as text:
        try:
            return next(csv.reader(text, strict=True), [])
        except csv.Error as error:
            raise UsageError(f"{file}:1: is not CSV ({error}); {MEND}") from error


def check_columns(file: Path, line: int, found: list[str], columns: Sequence[str]) -> None:
    for column in columns:
        if found.count(column) != 1:
            raise UsageError(
                f"{file}:{line}: needs {column} once, has {', '.join(found) or 'nothing'}; "
                f"write {' and '.join(columns)}"
            )


def json_rows(
    file: Path, columns: Sequence[str], example: str
) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects of JSON lines; empty lines are skipped."""
    with file.open(encoding="utf-8-sig") as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                # an object comes as its pairs, so that a name given twice is seen
                pairs = parse_json(line, tuple)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{file}:{number}: is not JSON ({error.msg}); write {example} on each line"
                ) from error
            if not isinstance(pairs, tuple):
                raise UsageError(f"{file}:{number}: is not an object; write {example}")
            check_columns(file, number, [name for name, _ in pairs], columns)
            yield number, dict(pairs)


def json_document(file: Path) -> Any:
    """A whole JSON file; raises `UsageError` also where an object has a name twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(f"{file}: has {twice} twice in one object; keep one of them")
        return found

    with reading(file):
        text = file.read_text(encoding="utf-8-sig")
    try:
        return parse_json(text, once)
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}: is not JSON ({error.msg}); {MEND}") from error


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; empty ones are skipped."""
    with reading(file), file.open(encoding="utf-8-sig") as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                yield number, line.rstrip("\n")


def tab_rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Cells of tab-separated lines without a header; quotes are text like any other."""
    for number, line in lines(file):
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise UsageError(
                f"{file}:{number}: has {len(cells)} cells; write {len(columns)} between tabs: "
                f"{', '.join(columns)}"
            )
        yield number, [cell.strip() for cell in cells]
