"""`list` and `schema`: the names that a matrix can use, and its format. Measures nothing."""

import json
from collections.abc import Callable
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

import typer

from vbench_mem.base.errors import UsageError
from vbench_mem.cli.arguments import Json, matrix_files, matrix_folder

Section = Literal["encoders", "recipes", "metrics", "matrices"]
Rows = list[dict[str, Any]]


def list_(
    section: Annotated[
        Section | None, typer.Argument(help="Which list; default: all.", show_default=False)
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Argument(help="Only names that match, such as '*_b16'.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """List encoders, recipes, metrics and matrices.

    \b
    vbench-mem list encoders
    vbench-mem list encoders '*_b16'
    vbench-mem list metrics --json
    """
    sections = [section] if section else list(SECTIONS)
    found = {each: matching(SECTIONS[each][0](), each, pattern) for each in sections}
    if as_json:
        print(json.dumps(found[section] if section else found, indent=1))
        return
    for each in sections:
        draw(each, SECTIONS[each][1], found[each])


def matching(rows: Rows, section: str, pattern: str | None) -> Rows:
    """The rows whose name matches; raises `UsageError` where none does."""
    found = [row for row in rows if pattern is None or fnmatchcase(row["name"], pattern)]
    if pattern is not None and not found:
        raise UsageError(
            f"no name in {section} matches '{pattern}'; `vbench-mem list {section}` lists all"
        )
    return found


def encoders() -> Rows:
    from vbench_mem.encoders.table import ENCODERS

    names = ("name", "family", "size", "params", "source", "differs")
    return [
        {name: getattr(row, name) for name in names} | {"spec": asdict(row.spec)}
        for row in ENCODERS.values()
    ]


def recipes() -> Rows:
    from vbench_mem.encoders.recipes import RECIPES

    rows: Rows = []
    for name, recipe in RECIPES.items():
        fields = asdict(recipe)
        sets = " ".join(f"{key}={value}" for key, value in fields.items() if value)
        rows.append({"name": name, "sets": sets, "trains_text": recipe.trains_text} | fields)
    return rows


def metrics() -> Rows:
    from vbench_mem.base.metrics import METRICS

    return [asdict(metric) for metric in METRICS.values()]


def matrices() -> Rows:
    """Those in `matrices/`, each with its question (`about`)."""
    from vbench_mem.matrix.load import load_matrix

    rows: Rows = []
    for path in matrix_files(matrix_folder()):
        try:
            matrix = load_matrix(path)
        except UsageError as error:
            cells, about = None, str(error)
        else:
            cells, about = len(matrix.wanted), " ".join(matrix.about.split())
        rows.append({"name": path.stem, "path": str(path), "cells": cells, "about": about})
    return rows


# columns on the terminal; the JSON has every field
SECTIONS: dict[Section, tuple[Callable[[], Rows], tuple[str, ...]]] = {
    "encoders": (encoders, ("name", "size", "params", "source")),
    "recipes": (recipes, ("name", "sets")),
    "metrics": (metrics, ("name", "unit", "better", "meaning")),
    "matrices": (matrices, ("name", "cells", "about")),
}


def draw(section: str, columns: tuple[str, ...], rows: Rows) -> None:
    from rich.markup import escape

    from vbench_mem.cli.terminal import Look, new_console, new_table

    looks: dict[str, Look] = {"name": "word", "params": "number", "cells": "number"}
    table = new_table([(column, looks.get(column, "text")) for column in columns], section)
    for row in rows:
        table.add_row(*(escape(text_of(row[column], column)) for column in columns))
    new_console().print(table if rows else f"{section}: none in {matrix_folder()}/")
    if section == "encoders":
        from vbench_mem.encoders.source import EXAMPLE

        print(f"Your own encoder: write encoder: {EXAMPLE} in a matrix.\n")


def text_of(value: Any, column: str) -> str:
    if column == "source":
        return str(value).partition(",")[0]  # the paper; the JSON has all of it
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


def schema() -> None:
    """Print the JSON Schema of a matrix file, for completion in an editor.

    \b
    vbench-mem schema > matrix.schema.json
    # first line of a matrix, for editors with the YAML language server:
    # yaml-language-server: $schema=matrix.schema.json
    """
    from vbench_mem.matrix.schema import matrix_schema

    print(json.dumps(matrix_schema(), indent=1))
