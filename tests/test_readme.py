"""The README says what is so: its table is the committed report's, its commands and files exist."""

import csv
import re
import shlex
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vbench_mem.base.metrics import show
from vbench_mem.cli import app
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.load import load_matrix

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COLUMNS = {
    "predicted peak": "predicted_peak_bytes",
    "peak memory": "peak_alloc_bytes",
    "ms/step": "step_ms",
    "GFLOP/clip": "step_gflop",
    "trained": "params_trained",
}
RECALLS = {
    "spatial R@1": r"score\.measured\.generated-spatial@\d+\.t2v\.recall_at_1\.held-out",
    "temporal R@1": r"score\.measured\.generated-temporal@\d+\.t2v\.recall_at_1\.held-out",
}


def table_from(report: Path) -> list[list[str]]:
    with (report / "table.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))

    def number(cell: str) -> float | None:
        return None if not cell else float(cell) if "." in cell else int(cell)

    def recall(row: dict[str, str], pattern: str) -> str:
        (column,) = (name for name in row if re.fullmatch(pattern, name))
        mean, spread = (100 * float(row[name]) for name in (column, f"{column}.spread"))
        return f"{mean:.1f} ± {spread:.1f} %"

    return [
        [
            row["variant"],
            *(show(c, number(row[c])) for c in COLUMNS.values()),
            *(recall(row, pattern) for pattern in RECALLS.values()),
        ]
        for row in rows
    ]


def test_the_table_is_the_committed_reports() -> None:
    start = re.search(r"<!-- table: (\S+)/table\.csv -->", README)
    assert start is not None
    lines = README[start.end() : README.index("<!-- end of table -->")].strip().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["variant", *COLUMNS, *RECALLS]
    assert cells[2:] == table_from(ROOT / start[1])


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


COMMANDS = re.findall(r"^(vbench-mem [^#\n]*)", README, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_the_program_has(command: str) -> None:
    _, name, *arguments = shlex.split(command)
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
    for argument in arguments:
        if argument.endswith(".yaml"):
            assert (ROOT / argument).is_file()
    if name in ("list", "schema"):
        assert CliRunner().invoke(app, [name, *arguments]).exit_code == 0


def test_the_example_matrix_is_one_that_loads(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", README, re.S)
    assert text is not None
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "a.mp4").touch()
    (tmp_path / "my" / "captions.csv").write_text("path,caption\na.mp4,a cat\n")
    (tmp_path / "m.yaml").write_text(text[1])
    matrix = load_matrix(tmp_path / "m.yaml")
    encoders, masks, frames = ("joint_b16", "factorized_b16"), (0, 0.5, 0.75), (16, 64)
    asked = {(cell.encoder, cell.recipe.mask, cell.load.frames) for cell in matrix.cells}
    assert asked == {*product(encoders, masks, frames)}
    assert len(matrix.cells) == len(asked)


def test_the_example_row_has_the_parameters_it_says() -> None:
    row = re.search(r'Encoder\(\s*"joint_s32",.*?\s([\d_]+),\s*PAPER', README, re.S)
    assert row is not None
    assert int(row[1]) == ENCODERS["joint_s16_coarse_space"].params  # the same encoder
