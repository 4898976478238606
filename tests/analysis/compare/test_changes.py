"""What counts as a change, for better or worse, and in which order it is listed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.compare.made import (
    MIB,
    baseline_of,
    compared,
    four,
    held,
    report_of,
    timed,
    with_prediction,
)
from tests.rows import oom, skipped_as_oom
from vbench_mem.analysis.compare.pairing import Unmatched
from vbench_mem.analysis.compare.reading import read_side
from vbench_mem.analysis.compare.result import compare
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.report.comparison.wording import facts
from vbench_mem.running.record import Status

STEPS = [10.0, 11.0, 12.0]


def test_a_run_against_itself_is_equal_and_says_so(tmp_path: Path, matrix: Matrix) -> None:
    found = compared(tmp_path, four(matrix), four(matrix))
    assert found.is_equal and not any(row.is_changed for row in found.rows)
    assert facts(found) == [("Equal", "4 of 4 rows: endings and all numbers")]
    for fail_on in ("never", "worse", "slower", "changed"):
        assert found.exit_code(fail_on) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("grown", [1, -1, 8 * MIB])
def test_one_byte_is_a_change_and_its_direction_a_verdict(
    tmp_path: Path, matrix: Matrix, grown: int
) -> None:
    cell = matrix.cells[0]
    found = compared(
        tmp_path, [timed(cell, STEPS, 800 * MIB)], [timed(cell, STEPS, 800 * MIB + grown)]
    )
    (each,) = found.rows[0].differences
    assert (each.metric, each.change) == ("peak_alloc_bytes", grown)
    assert each.verdict == ("worse" if grown > 0 else "better")
    assert found.exit_code("worse") == (1 if grown > 0 else 0)
    assert found.exit_code("changed") == 1
    texts = {1: "+1 B (+<0.1 %)", -1: "-1 B (-<0.1 %)", 8 * MIB: "+8.0 MiB (+1.0 %)"}
    assert each.text == texts[grown]


def test_before_after_and_change_are_in_one_unit(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    before, after = timed(cell, STEPS, 1000 * MIB), timed(cell, STEPS, 1536 * MIB)
    (each,) = compared(tmp_path, [before], [after]).rows[0].differences
    assert each.values == ("0.98 GiB", "1.50 GiB")
    assert each.text == "+0.52 GiB (+53.6 %)"


def test_out_of_memory_comes_first_then_other_endings_then_bytes_then_times(
    tmp_path: Path, matrix: Matrix
) -> None:
    before = four(matrix)
    cells = matrix.cells
    ending = {"status": Status.TIMEOUT, "reason": "too slow", "metrics": {}}
    failed = before[1].model_copy(update=ending)
    after = [
        timed(cells[0], [30.0, 31.0, 32.0]),
        failed,
        timed(cells[2], STEPS, 4 * MIB),
        oom(cells[3]),
    ]
    found = compared(tmp_path, before, after)
    assert [row.after.key for row in found.rows] == [cells[n].id for n in (3, 1, 2, 0)]
    assert [row.ending for row in found.rows] == ["worse", "worse", None, None]
    assert [row.exact for row in found.rows] == ["worse", "worse", "worse", None]
    (label, worse), step = facts(found)
    assert label == "Worse" and worse.startswith("3 of 4 rows, first ")
    assert worse.endswith(" (ok -> oom)")
    assert step == ("Step time", "1 slower")


def test_a_row_that_runs_again_is_better_and_two_failures_are_only_another(
    tmp_path: Path, matrix: Matrix
) -> None:
    one, other = matrix.cells[:2]
    after = [timed(one, STEPS), skipped_as_oom(other)]
    found = compared(tmp_path, [oom(one), oom(other)], after)
    assert {row.after.key: row.ending for row in found.rows} == {
        one.id: "better",
        other.id: "changed",
    }
    assert found.exit_code("worse") == 0 and found.exit_code("changed") == 1


def test_times_fail_nothing_but_slower(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    found = compared(tmp_path, [timed(cell, STEPS)], [timed(cell, [20.0, 21.0, 22.0])])
    codes = [found.exit_code(word) for word in ("never", "worse", "changed", "slower")]
    assert codes == [0, 0, 0, 1]
    assert facts(found)[0] == ("Endings, memory, FLOPs, parameters", "the same in 1 of 1 rows")


def test_numbers_that_only_one_side_has_are_named_and_no_change(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    found = compared(tmp_path, [timed(cell, STEPS, params=5)], [timed(cell, STEPS, step_gflop=2.0)])
    assert found.unshared() == (["params"], ["step_gflop"])
    assert not found.rows[0].differences


def test_metrics_lost_by_a_failure_are_not_listed(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    found = compared(tmp_path, [timed(cell, STEPS)], [oom(cell)])
    assert found.unshared() == ([], [])


def test_a_row_of_one_side_is_a_change_and_not_for_the_worse(
    tmp_path: Path, matrix: Matrix
) -> None:
    records = four(matrix)
    found = compared(tmp_path, records, records[1:])
    assert [found.exit_code(word) for word in ("worse", "slower", "changed")] == [0, 0, 1]
    label, count = facts(found)[-1]
    assert label.startswith("Rows only in ") and count == "1"


def test_modules_that_grew_are_named_and_sum_to_the_growth(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    old = held(100 * MIB, video_mlp=60 * MIB, video_attn=30 * MIB, text_mlp=10 * MIB)
    new = held(106 * MIB, video_mlp=69 * MIB, video_attn=27 * MIB, text_mlp=10 * MIB)
    before, after = (with_prediction(timed(cell, STEPS), each) for each in (old, new))
    (row,) = compared(tmp_path, [before], [after]).rows
    assert row.why == (
        "at the peak grew: video.mlp activation +9.0 MiB",
        "at the peak shrank: video.attn activation -3.0 MiB",
    )
    peak = row.metric("predicted_peak_bytes")
    assert peak is not None and peak.change == (9 - 3) * MIB


def test_baselines_meet_by_name_whatever_became_of_the_encoder(tmp_path: Path) -> None:
    before = {"a frames=4": held(100), "b": held(50), "gone": held(1)}
    after = {"a frames=4": held(120, video=20), "b": held(50), "new": held(1)}
    sides = [
        read_side(str(baseline_of(tmp_path / f"{n}.json", some)))
        for n, some in enumerate((before, after))
    ]
    found = compare(*sides)
    assert [(row.label, row.verdict) for row in found.rows] == [
        ("a frames=4", "worse"),
        ("b", None),
    ]
    assert found.rows[0].why == ("at the peak grew: video activation +20 B",)
    assert [each.label for each in (*found.only_before, *found.only_after)] == ["gone", "new"]


def test_a_baseline_meets_records_by_the_name_that_check_gives(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    name = "joint_test frames=4 batch=2"
    predicted = with_prediction(timed(cell, STEPS), held(130))
    baseline = read_side(str(baseline_of(tmp_path / "b.json", {name: held(100)}, "9.8")))
    records = read_side(str(report_of(tmp_path / "r", [predicted, *four(matrix)[1:]])))
    found = compare(baseline, records)
    (row,) = found.rows
    assert row.label == name and row.after.key == name
    peak = row.metric("predicted_peak_bytes")
    assert peak is not None and (peak.before, peak.after, peak.verdict) == (100, 130, "worse")
    assert [fact.text for fact in found.differing] == ["torch 9.8 -> 9.9"]
    assert len(found.only_after) == 3
    back = compare(records, baseline)
    assert [each.verdict for each in back.rows] == ["better"]


def test_only_the_protocol_or_the_seed_differs_is_a_note_and_no_match(
    tmp_path: Path, matrix: Matrix
) -> None:
    def longer(cell: Cell, steps: int, seed: int = 0) -> Cell:
        return replace(cell, protocol=replace(cell.protocol, steps=steps, seed=seed))

    one, other = matrix.cells[:2]
    before = [timed(longer(one, 3), STEPS), timed(other, STEPS)]
    after = [timed(longer(one, 5), STEPS * 2), timed(longer(one, 5, 7), STEPS)]
    found = compared(tmp_path, before, after)
    assert found.rows == () and found.exit_code("never") == 3

    def notes(some: tuple[Unmatched, ...]) -> list[str | None]:
        return [each.note for each in some]

    assert set(notes(found.only_before)) == {"differs only in steps: 3 here, 5 there", None}
    assert set(notes(found.only_after)) == {
        "differs only in steps: 5 here, 3 there",
        "differs only in steps: 5 here, 3 there; seed: 7 here, 0 there",
    }


def test_rows_that_differ_in_their_protocol_only_compare_on_request(
    tmp_path: Path, matrix: Matrix
) -> None:
    def longer(cell: Cell, steps: int, seed: int = 0) -> Cell:
        return replace(cell, protocol=replace(cell.protocol, steps=steps, seed=seed))

    one, two, three = matrix.cells[:3]
    before = [timed(longer(one, 3), STEPS), timed(two, STEPS), timed(longer(three, 3), STEPS)]
    after = [
        timed(longer(one, 5), STEPS * 2),
        timed(two, STEPS),
        *(timed(longer(three, 5, seed), STEPS) for seed in (1, 2)),  # which one is not known
    ]
    assert len(compared(tmp_path / "plain", before, after).rows) == 1
    found = compared(tmp_path / "any", before, after, any_protocol=True)
    assert {row.before.cell for row in found.rows} == {longer(one, 3), two}
    assert [fact.text for fact in found.differing] == ["protocol.steps 3 -> 5"]
    assert (len(found.only_before), len(found.only_after)) == (1, 2)
    assert found.exit_code("changed") == 1 and found.exit_code("worse") == 0


def test_rows_only_run_on_one_side_compare_what_was_predicted(
    tmp_path: Path, matrix: Matrix
) -> None:
    cell = matrix.cells[0]
    record = with_prediction(timed(cell, STEPS), held(130))
    old = read_side(str(report_of(tmp_path / "a", [], (cell, held(100)))))
    new = read_side(str(report_of(tmp_path / "b", [record])))
    (row,) = compare(old, new).rows
    assert row.ending is None
    assert {each.metric for each in row.differences} <= set(held(1).metrics())
    assert row.verdict == "worse"


def test_two_rows_of_one_label_keep_their_ids_apart(tmp_path: Path, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    twin = replace(cell, protocol=replace(cell.protocol, seed=9))
    both = [timed(cell, STEPS), timed(twin, STEPS)]
    labels = {row.label for row in compared(tmp_path, both, both).rows}
    assert labels == {f"joint_test ({each.id[:8]})" for each in (cell, twin)}
