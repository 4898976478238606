"""Reads budgets from a matrix and from a separate file (`budgets.yaml`).

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
    """The fields of the file; each budget is checked later, with the names of the matrix."""

    model_config = STRICT

    matrix: Text | None = None
    baseline: Text | None = None
    budgets: Annotated[list[Any], Field(min_length=1)]


KNOWN_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {(): tuple(BudgetsFile.model_fields)}


@dataclass(frozen=True)
class PlacedBudget:
    """A budget and its place in a file, for error messages."""

    budget: Budget
    path: Path
    place: str
    line: int | None


@dataclass(frozen=True)
class CheckRequest:
    """What to check: the matrix, with the budgets of all files."""

    matrix: Matrix
    placed: tuple[PlacedBudget, ...]


def read_request(
    matrix: str | None, budgets: Path | None, find: Callable[[str], Path]
) -> CheckRequest:
    """Read the matrix, and the budgets file that adds to it or names it.

    `find` returns the path of a matrix given on the command line. Raises `UsageError` for errors in
    either file and where the two contradict each other.
    """
    if budgets is None:
        assert matrix is not None
        loaded = load_matrix(find(matrix))
        return CheckRequest(loaded, of_matrix(loaded))
    data, text = read_yaml(budgets)
    file = check_file(budgets, data)
    loaded = load_matrix(matrix_of(file, matrix, budgets, find))
    variants = {cell.variant for cell in loaded.cells}
    placed = of_matrix(loaded)
    for i, raw in enumerate(file.budgets):
        place, line = f"budgets[{i}]", line_of(text, ("budgets", i))
        try:
            placed += (PlacedBudget(check_budget(raw, place, variants), budgets, place, line),)
        except UsageError as error:
            raise UsageError(f"{budgets}: {error}") from error
    baseline = loaded.baseline
    if file.baseline is not None:
        baseline = budgets.parent / file.baseline
        if loaded.baseline is not None and loaded.baseline.resolve() != baseline.resolve():
            raise UsageError(
                f"{budgets}: baseline: {loaded.path} names another one; keep one of the two"
            )
    whole = replace(loaded, budgets=tuple(each.budget for each in placed), baseline=baseline)
    return CheckRequest(whole, placed)


def of_matrix(matrix: Matrix) -> tuple[PlacedBudget, ...]:
    return tuple(
        PlacedBudget(budget, matrix.path, f"budgets[{i}]", line_of(matrix.text, ("budgets", i)))
        for i, budget in enumerate(matrix.budgets)
    )


def check_file(path: Path, data: Any) -> BudgetsFile:
    if not isinstance(data, dict):
        raise UsageError(f"{path}: a budgets file is a mapping with matrix, baseline and budgets")
    try:
        return BudgetsFile.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, KNOWN_KEYS)}") from error


def matrix_of(
    file: BudgetsFile, given: str | None, path: Path, find: Callable[[str], Path]
) -> Path:
    """The matrix of the command line, else that of the file; the two may not differ."""
    named = None
    if file.matrix is not None:
        beside = path.parent / file.matrix
        try:
            named = beside if beside.is_file() else find(file.matrix)
        except UsageError as error:
            raise UsageError(f"{path}: matrix: {error}") from error
    found = named if given is None else find(given)
    if found is None:
        raise UsageError(
            f"{path}: has no matrix; add matrix: to it, or give one on the command line"
        )
    if named is not None and found.resolve() != named.resolve():
        raise UsageError(
            f"{path}: has matrix: {named}, but the command line has {found}; remove one of the two"
        )
    return found
