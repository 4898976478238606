"""run_matrix.sh: which commands it runs, and how it ends. Sets nothing up and measures nothing."""

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


@pytest.mark.parametrize(
    ("text", "code", "last"),
    [(TEXT, 0, "no budgets in {path}: nothing to judge"), (TEXT + LIMIT, 1, "check")],
)
def test_the_script_ends_well_without_budgets_and_checks_them_else(
    text: str, code: int, last: str, tmp_path: Path
) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "setup.sh").write_text(SETUP.format(here=tmp_path))
    (tmp_path / "python").write_text(PYTHON.format(python=sys.executable))
    (tmp_path / "python").chmod(0o755)
    script = tmp_path / "run_matrix.sh"
    script.write_text((Path(__file__).parents[1] / "run_matrix.sh").read_text())
    path = matrix_of(tmp_path, text).path
    done = subprocess.run(
        ["bash", str(script), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.splitlines() == ["run", "report", last.format(path=path)]
