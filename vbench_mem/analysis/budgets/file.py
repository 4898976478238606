"""Budgets as they are stated: in a matrix, or in a file of their own beside it (`budgets.yaml`).

matrix: matrices/quick.yaml      # a path relative to this file, or a name in matrices/
baseline: memory_baseline.json   # relative to this file
budgets:
  - {metric: predicted_peak_bytes, max_growth: 0.01}
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from vbench_mem.base.errors import UsageError
from vbench_mem.base.explain import explain
from vbench_mem.base.strict import STRICT
from vbench_mem.base.strict_yaml import line_of, read_yaml
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.load import Matrix, Text, check_budget, load_matrix


class BudgetsFile(BaseModel):
    """The file as written; the budgets are checked further, name by name."""

    model_config = STRICT

    matrix: Text | None = None
    baseline: Text | None = None
    budgets: Annotated[list[Any], Field(min_length=1)]


WORDS: dict[tuple[str, ...], tuple[str, ...]] = {(): tuple(BudgetsFile.model_fields)}


@dataclass(frozen=True)
class Stated:
    """A budget and where it stands, so that a complaint can point there."""

    budget: Budget
    path: Path
    place: str
    line: int | None


@dataclass(frozen=True)
class Asked:
    """What a check is about: the matrix, with the budgets of all files and the one baseline."""

    matrix: Matrix
    stated: tuple[Stated, ...]
    baseline: Path | None


def ask(matrix: str | None, budgets: Path | None, find: Callable[[str], Path]) -> Asked:
    """Read the matrix, and the budgets file that adds to it or names it.

    `find` makes the path of a matrix out of what was typed. Raises `UsageError` for slips in either
    and where the two do not go together.
    """
    if budgets is None:
        assert matrix is not None
        loaded = load_matrix(find(matrix))
        return Asked(loaded, of_matrix(loaded), loaded.baseline)
    data, text = read_yaml(budgets)
    file = check_file(budgets, data)
    loaded = load_matrix(matrix_of(file, matrix, budgets, find))
    variants = {cell.variant for cell in loaded.cells}
    try:
        own = tuple(
            Stated(check_budget(raw, place := f"budgets[{i}]", variants), budgets, place,
                   line_of(text, ("budgets", i)))
            for i, raw in enumerate(file.budgets)
        )  # fmt: skip
    except UsageError as error:
        raise UsageError(f"{budgets}: {error}") from error
    baseline = loaded.baseline
    if file.baseline is not None:
        baseline = budgets.parent / file.baseline
        if loaded.baseline is not None and loaded.baseline.resolve() != baseline.resolve():
            raise UsageError(f"{budgets}: baseline: {loaded.path} names another; keep one of them")
    stated = (*of_matrix(loaded), *own)
    whole = replace(loaded, budgets=tuple(each.budget for each in stated), baseline=baseline)
    return Asked(whole, stated, baseline)


def of_matrix(matrix: Matrix) -> tuple[Stated, ...]:
    return tuple(
        Stated(budget, matrix.path, f"budgets[{i}]", line_of(matrix.text, ("budgets", i)))
        for i, budget in enumerate(matrix.budgets)
    )


def check_file(path: Path, data: Any) -> BudgetsFile:
    if not isinstance(data, dict):
        raise UsageError(f"{path}: a budgets file is a mapping with matrix, baseline and budgets")
    try:
        return BudgetsFile.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, WORDS)}") from error


def matrix_of(
    file: BudgetsFile, typed: str | None, path: Path, find: Callable[[str], Path]
) -> Path:
    """The matrix that was typed, else the one that the file names; they may not be two."""
    if file.matrix is None and typed is None:
        raise UsageError(f"{path}: names no matrix; write matrix: into it, or type one")
    beside = path.parent / (file.matrix or "")
    named = beside if file.matrix and beside.is_file() else None
    if named is None and file.matrix is not None:
        try:
            named = find(file.matrix)
        except UsageError as error:
            raise UsageError(f"{path}: matrix: {error}") from error
    if typed is None:
        assert named is not None
        return named
    found = find(typed)
    if named is not None and found.resolve() != named.resolve():
        raise UsageError(f"{path}: is about {named}, not {found}; leave one of them out")
    return found
