"""Machines and versions that differ: refused, shown without a verdict, or named."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.compare.made import MIB, OTHER, compared, four, held, of, report_of, timed
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.compare.result import Comparison, compare
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record

STEPS = [10.0, 11.0, 12.0]


def unlike(tmp_path: Path, matrix: Matrix, new: Record) -> Comparison:
    old = timed(matrix.cells[0], STEPS)
    return compared(tmp_path, [old], [of(new, OTHER)], unlike_machines=True)


def test_unlike_machines_are_refused_unless_requested_and_then_no_time_is_judged(
    tmp_path: Path, matrix: Matrix
) -> None:
    new = timed(matrix.cells[0], [90.0, 91.0, 92.0], 4 * MIB)
    with pytest.raises(UsageError) as error:
        compared(tmp_path, [timed(matrix.cells[0], STEPS)], [of(new, OTHER)])
    texts = str(error.value)
    assert "0123abcd and 89abcdef" in texts and "device a card -> another card" in texts
    assert "--unlike-machines" in texts and "\n" not in texts
    found = unlike(tmp_path, matrix, new)
    (row,) = found.rows
    by_name = {each.metric: each for each in row.differences}
    assert by_name["peak_alloc_bytes"].verdict == "worse"
    for name in ("step_ms", "clips_per_s"):
        assert by_name[name].verdict == "unjudged"
        assert by_name[name].why == "timed on unlike machines"
    assert found.exit_code("slower") == 1 and found.is_unlike


def test_bytes_of_a_card_and_of_a_host_are_shown_without_a_verdict(
    tmp_path: Path, matrix: Matrix
) -> None:
    card = OTHER.model_copy(update={"facts": {"gpu_name": "a card"}})
    new = timed(matrix.cells[0], STEPS, 9 * MIB, step_gflop=3.0)
    old = timed(matrix.cells[0], STEPS, 3 * MIB, step_gflop=2.0)
    found = compared(tmp_path, [old], [of(new, card)], unlike_machines=True)
    verdicts = {each.metric: each.verdict for each in found.rows[0].differences}
    assert verdicts["peak_alloc_bytes"] == "unjudged"
    assert verdicts["step_gflop"] == "worse"


def test_predictions_for_unlike_devices_are_not_judged(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    sides = [
        read_side(str(report_of(tmp_path / target, [], (cell, replace(held(peak), target=target)))))
        for target, peak in (("cpu", 100), ("cuda", 200))
    ]
    (row,) = compare(*sides).rows
    assert row.verdict == "unjudged" and row.why == ()
    assert {each.why for each in row.differences} == {"A is predicted for cpu, B for cuda"}


def test_other_packages_on_one_machine_are_allowed_and_named(
    tmp_path: Path, matrix: Matrix
) -> None:
    (old, *_) = four(matrix)
    assert old.environment is not None
    facts = {"git_revision": "f" * 40, "gpu_temperature_c": 80}
    update = {"packages": {"torch": "9.9", "numpy": "3.0"}, "facts": facts}
    newer = old.environment.model_copy(update=update)
    before = old.environment.model_copy(
        update={
            "packages": {"torch": "9.9", "numpy": "2.4"},
            "facts": {"git_revision": "a" * 40, "gpu_temperature_c": 30},
        }
    )
    found = compared(tmp_path, [of(old, before)], [of(old, newer)])
    texts = [fact.text for fact in found.differing]
    assert texts == ["git_revision aaaaaaaaaa -> ffffffffff", "numpy 2.4 -> 3.0"]
    assert not found.is_unlike
