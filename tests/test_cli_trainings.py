"""The table of trainings that `run` and `show` print."""

from pathlib import Path

import pytest

from tests.report.made import trained_matrix
from tests.rows import result, trained
from vbench_mem.cli.trainings import draw_trainings


def test_each_benchmark_has_a_column_of_its_own_by_the_name_of_its_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",), "0")
    assert matrix.accuracy is not None
    (cell,) = matrix.accuracy.cells
    results = [result(0.25, "mine"), result(0.5), result(0.75, sha256="1" * 64)]
    draw_trainings(matrix, {cell.id: trained(cell, *results)})
    printed = capsys.readouterr().out
    assert all(share in printed for share in ("25.0 %", "50.0 %", "75.0 %"))
    assert "mine" in printed


def test_benchmarks_are_named_before_anything_has_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_trainings(trained_matrix(tmp_path, ("joint_test",), "0"), {})
    printed = capsys.readouterr().out
    assert "missing" in printed and "generated" in printed
