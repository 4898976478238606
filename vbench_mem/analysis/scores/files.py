"""Read scores from CSV and JSON files, and the published ones that come with the package."""

import csv
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from vbench_mem.analysis.scores.score import Score
from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.base.explain import explain
from vbench_mem.base.strict_json import parse_json
from vbench_mem.matrix.load import REFERENCE

CLAIMS = "claims_"  # starts the names of tables that hold no scores
KNOWN_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {(): tuple(Score.model_fields)}
REQUIRED = [name for name, field in Score.model_fields.items() if field.is_required()]

Placed = tuple[str, Score]  # its place (`scores.csv: row 3`) and the score


def load_scores(names: Sequence[str], folder: Path) -> list[Score]:
    """The scores of files named relative to `folder`; `reference` means those of the package."""
    placed: list[Placed] = []
    paths = {name if name == REFERENCE else (folder / name).resolve(): name for name in names}
    for path, name in paths.items():  # a file named in two ways is one file
        placed += read_scores(folder / name) if isinstance(path, Path) else read_reference()
    refuse_duplicates(placed)
    return [score for _, score in placed]


def read_reference() -> list[Placed]:
    """The published scores of this package, one CSV per source."""
    folder = files("vbench_mem.analysis.scores") / "reference"
    names = sorted(item.name for item in folder.iterdir())
    tables = [name for name in names if name.endswith(".csv") and not name.startswith(CLAIMS)]
    return [placed for name in tables for placed in _csv(folder / name)]


def read_scores(path: Path) -> list[Placed]:
    """The scores of one `.csv` or `.json` file."""
    if path.suffix not in (".csv", ".json"):
        raise UsageError(f"{path}: scores are read from .csv and .json files")
    if not path.is_file():
        raise UsageError(
            f"{path}: no such file; write reference for the scores that come with vbench_mem"
        )
    return list(_csv(path) if path.suffix == ".csv" else _json(path))


def _csv(path: Path | Traversable) -> Iterator[Placed]:
    label = path.name if not isinstance(path, Path) else str(path)
    reader = csv.DictReader(_text(path, label).splitlines(), strict=True)
    try:
        header = list(reader.fieldnames or [])
        _check_header(header, label)
        for cells in reader:
            place = f"{label}: row {reader.line_num}"
            if None in cells or None in cells.values():
                raise UsageError(
                    f"{place}: the number of cells differs from the {len(header)} of the header"
                )
            given = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
            try:
                score = Score.model_validate_strings(given, strict=False)
            except ValidationError as error:
                raise UsageError(f"{place}: {explain(error, KNOWN_KEYS)}") from error
            yield place, score
    except csv.Error as error:
        raise UsageError(f"{label}: row {reader.line_num}: not CSV ({error})") from error


def _json(path: Path) -> Iterator[Placed]:
    try:
        items = parse_json(_text(path, str(path)))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: row {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(items, list):
        raise UsageError(f"{path}: expected a JSON list of objects")
    for number, item in enumerate(items, start=1):
        place = f"{path}: row {number}"
        try:
            yield place, Score.model_validate(item)
        except ValidationError as error:
            raise UsageError(f"{place}: {explain(error, KNOWN_KEYS)}") from error


def _text(path: Path | Traversable, label: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte-order mark
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{label}: cannot be read as UTF-8 text ({error})") from error


def _check_header(header: list[str], label: str) -> None:
    for name in header:
        if name not in Score.model_fields:
            raise UsageError(
                f"{label}: row 1: no column called '{name}'{nearest(name, Score.model_fields)}"
            )
        if header.count(name) > 1:
            raise UsageError(f"{label}: row 1: column {name} occurs twice")
    for name in REQUIRED:
        if name not in header:
            raise UsageError(f"{label}: row 1: column {name} is missing")


def refuse_duplicates(scores: Sequence[Placed]) -> None:
    """Raise `UsageError` with both places where two scores have one key."""
    seen: dict[tuple[object, ...], str] = {}
    for place, score in scores:
        if score.key in seen:
            raise UsageError(
                f"{place}: the same score as {seen[score.key]} "
                f"({score.variant}, {score.column}); keep one of them"
            )
        seen[score.key] = place
