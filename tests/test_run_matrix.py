"""run_matrix.sh: which commands it runs, and how it ends. Installs and measures nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rows import TEXT, matrix_of

LIMIT = "budgets: [{metric: peak_alloc_bytes, max: 4 GiB}]\n"
SETUP = """
here={here}
python={here}/python
"""
PYTHON = """#!/bin/sh
if [ "$1" = -m ]; then echo "$3"; [ "$3" != check ]; else exec {python} "$@"; fi
"""


def run(folder: Path, *matrices: Path) -> "subprocess.CompletedProcess[str]":
    """The script beside a stand-in for Python, whose `check` of a budget always fails."""
    (folder / ".ci").mkdir()
    (folder / ".ci" / "setup.sh").write_text(SETUP.format(here=folder))
    (folder / "python").write_text(PYTHON.format(python=sys.executable))
    (folder / "python").chmod(0o755)
    script = folder / "run_matrix.sh"
    script.write_text((Path(__file__).parents[1] / "run_matrix.sh").read_text())
    return subprocess.run(
        ["bash", str(script), *map(str, matrices)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("text", "code", "last"),
    [(TEXT, 0, "{path} has no budgets to check"), (TEXT + LIMIT, 1, "check")],
)
def test_the_script_ends_well_without_budgets_and_checks_them_else(
    text: str, code: int, last: str, tmp_path: Path
) -> None:
    path = matrix_of(tmp_path, text).path
    done = run(tmp_path, path)
    assert done.returncode == code, done.stderr
    assert done.stdout.splitlines() == ["run", "report", last.format(path=path)]


def test_by_default_two_matrices_are_run_and_a_broken_budget_of_the_first_is_not_forgotten(
    tmp_path: Path,
) -> None:
    (tmp_path / "matrices").mkdir()
    matrix_of(tmp_path / "matrices", TEXT + LIMIT, "quick")
    second = matrix_of(tmp_path / "matrices", TEXT, "accuracy_quick").path
    done = run(tmp_path)
    assert done.returncode == 1, done.stderr
    rest = ["run", "report", f"{second} has no budgets to check"]
    assert done.stdout.splitlines() == ["run", "report", "check", *rest]
