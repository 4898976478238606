"""Limits on growth: counted in whole bytes from the baseline, with the modules that grew."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.analysis.budgets.made import MIB, MODULES, indexed, never_run, predicted
from tests.rows import joined_of, matrix_of, ok
from vbench_mem.analysis.budgets.growth import tree_of
from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Prediction, Unpredicted

ONE = "about: q?\naxes: {encoder: joint_test, frames: [4, 8], batch: 2, device: cpu}\n"
LABELS = ("joint_test frames=4", "joint_test frames=8")
PEAK = "predicted_peak_bytes"


def budget(metric: str = PEAK, **fields: Any) -> Budget:
    return Budget.model_validate({"metric": metric, **fields})


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return matrix_of(tmp_path, ONE)


def verdict_of(
    matrix: Matrix, old: Prediction, new: Prediction | Unpredicted, limit: Budget, **fields: Any
) -> Verdict:
    """Of the first row, where the second one is as it was."""
    joined = never_run(matrix, {LABELS[0]: new, LABELS[1]: predicted()})
    stick = indexed(matrix, {LABELS[0]: old, LABELS[1]: predicted()}, **fields)
    first, second = judge([limit], joined, stick)
    assert second.outcome == "pass" and second.actual == second.baseline
    return first


def with_activation(size: int) -> dict[str, dict[str, int]]:
    return MODULES | {"video.blocks.*.mlp.act": {"activation": size}}


def test_a_row_without_growth_passes_without_a_record_or_a_device(matrix: Matrix) -> None:
    verdict = verdict_of(matrix, predicted(), predicted(), budget(max_growth=0.01))
    assert verdict.line == (
        "PASS joint_test frames=4: predicted_peak_bytes is equal to the baseline of 100.0 MiB, "
        "1.0 MiB less than the limit of 1 % or 1.0 MiB"
    )
    assert (verdict.notes, verdict.changes, verdict.hint) == ((), (), None)


def test_growth_names_the_module_the_category_and_the_bytes(matrix: Matrix) -> None:
    new = predicted(with_activation(192 * MIB))
    verdict = verdict_of(matrix, predicted(), new, budget(max_growth=0.01))
    assert verdict.line == (
        "FAIL joint_test frames=4: predicted_peak_bytes is 96.0 MiB (96.00 %) above the baseline "
        "of 100.0 MiB, 95.0 MiB more than the limit of 1 % or 1.0 MiB"
    )
    assert verdict.notes == ("at the peak grew: video.blocks.*.mlp.act activation +96.0 MiB",)
    (change,) = verdict.changes
    assert (change.before_bytes, change.after_bytes) == (96 * MIB, 192 * MIB)


@pytest.mark.parametrize(
    ("limit", "grew", "outcome"),
    [
        (0.01, MIB, "pass"),
        (0.01, MIB + 1, "fail"),
        ("1 MiB", MIB, "pass"),
        ("1 MiB", MIB + 1, "fail"),
        (0, 0, "pass"),
        (0, 1, "fail"),
        (0.07, 7 * MIB, "pass"),  # 0.07 x 100 is more than 7 to a computer
        (0.29, 29 * MIB, "pass"),  # and 0.29 x 100 is less than 29
    ],
)
def test_a_limit_is_exact_to_the_byte(
    limit: float | str, grew: int, outcome: str, matrix: Matrix
) -> None:
    new = predicted(with_activation(96 * MIB + grew))
    assert verdict_of(matrix, predicted(), new, budget(max_growth=limit)).outcome == outcome


def test_one_byte_over_is_seen_in_a_cell_of_many_gigabytes(matrix: Matrix) -> None:
    big = {"video": {"activation": 80 * 2**30}}
    new = {"video": {"activation": 80 * 2**30 + 1}}
    verdict = verdict_of(matrix, predicted(big), predicted(new), budget(max_growth=0))
    assert verdict.message.endswith("1 B more than the limit of 0 % or 0 B")


def test_a_category_is_judged_and_explained_by_itself(matrix: Matrix) -> None:
    new = MODULES | {"video.head": {"parameter": 50 * MIB, "activation": 3 * MIB}}
    limit = budget("predicted_activation_bytes", max_growth=0.01)
    verdict = verdict_of(matrix, predicted(), predicted(new), limit)
    assert (verdict.baseline, verdict.actual) == (98 * MIB, 101 * MIB)
    assert verdict.notes == ("at the peak grew: video.head activation +3.0 MiB",)
    other = budget("predicted_gradient_bytes", max_growth=0.01)
    assert verdict_of(matrix, predicted(), predicted(new), other).outcome == "pass"


def test_a_peak_that_moved_to_another_phase_is_reported(matrix: Matrix) -> None:
    new = predicted(with_activation(99 * MIB), peak_phase="forward")
    verdict = verdict_of(matrix, predicted(), new, budget(max_growth=0))
    assert verdict.notes[0] == "the step's peak moved from backward to forward"


def test_many_changes_are_summed_and_reductions_are_reported(matrix: Matrix) -> None:
    more = {f"video.new{i}": {"activation": i * MIB} for i in range(1, 6)}
    new = more | {key: value for key, value in MODULES.items() if key}
    verdict = verdict_of(matrix, predicted(), predicted(new), budget(max_growth=0.01))
    assert verdict.notes == (
        "at the peak grew: video.new5 activation +5.0 MiB, video.new4 activation +4.0 MiB, "
        "video.new3 activation +3.0 MiB, 2 more +3.0 MiB",
        "at the peak shrank: (no module) input -1.0 MiB",
    )


def test_what_an_allocator_adds_is_part_of_the_growth_and_reported_once(matrix: Matrix) -> None:
    """As `probes/predict.py` has it: a module in brackets, and a term too."""
    added = {"(workspaces)": {"temporary": 8 * MIB}}
    old = predicted(target="cuda")
    terms = {"tensors": old.peak_bytes, "rounding": 0, "workspaces": 8 * MIB}
    new = predicted(MODULES | added, terms=terms, target="cuda")
    verdict = verdict_of(matrix, old, new, budget(max_growth=0.01))
    assert verdict.notes == ("at the peak grew: (workspaces) temporary +8.0 MiB",)
    tree = tree_of(new, "predicted_peak_bytes")
    assert sum(tree.values()) == new.peak_bytes


def test_a_row_below_the_baseline_passes_and_suggests_a_new_baseline(matrix: Matrix) -> None:
    little = predicted(with_activation(96 * MIB - MIB))
    assert verdict_of(matrix, predicted(), little, budget(max_growth=0.01)).hint is None
    much = predicted(with_activation(96 * MIB - MIB - 1))
    verdict = verdict_of(matrix, predicted(), much, budget(max_growth=0.01))
    assert verdict.outcome == "pass"
    assert "1.0 MiB (1.00 %) below the baseline of 100.0 MiB" in verdict.message
    assert verdict.hint is not None and "run this check with --update-baseline" in verdict.hint


def test_a_row_that_the_baseline_has_not_does_not_pass(matrix: Matrix) -> None:
    joined = never_run(matrix, dict.fromkeys(LABELS, predicted()))
    stick = indexed(matrix, {LABELS[0]: predicted(), "joint_gone frames=4": predicted()})
    known, unknown = judge([budget(max_growth=0.5)], joined, stick)
    assert known.outcome == "pass"
    assert unknown.line == (
        "FAIL joint_test frames=8: not in the baseline; run this check with --update-baseline"
    )
    assert stick.stale == ["joint_gone frames=4"]
    assert {v.outcome for v in judge([budget(max_growth=0.5)], joined)} == {"fail"}  # none at all


def test_what_cannot_be_predicted_does_not_pass(matrix: Matrix) -> None:
    verdict = verdict_of(
        matrix, predicted(), Unpredicted(reason="a compiled step"), budget(max_growth=9.0)
    )
    assert verdict.line == (
        "FAIL joint_test frames=4: predicted_peak_bytes was not predicted (a compiled step)"
    )
    reserved = budget("predicted_reserved_bytes", max="9 GiB")
    (one, _) = judge([reserved], never_run(matrix, dict.fromkeys(LABELS, predicted())))
    assert one.line.endswith("was not predicted (a cpu has no caching allocator)")
    assert one.notes == ()  # nobody can have most of what is not there


def test_an_encoder_that_raises_is_one_line_and_programs_get_its_traceback(
    matrix: Matrix,
) -> None:
    trace = 'Traceback:\n  File "mine.py", line 3\nValueError: odd\n'
    broken = Unpredicted(reason="ValueError: odd", traceback=trace)
    for limit in (budget(max_growth=0.5), budget(max="1 GiB")):
        joined = never_run(matrix, {LABELS[0]: broken, LABELS[1]: predicted()})
        verdict, _ = judge([limit], joined, indexed(matrix, {LABELS[1]: predicted()}))
        assert verdict.outcome == "fail" and "(ValueError: odd)" in verdict.line
        assert not verdict.notes_and_hint and "\n" not in verdict.line
        assert verdict.traceback == trace


def test_another_kind_of_device_than_the_baselines_does_not_pass(matrix: Matrix) -> None:
    verdict = verdict_of(matrix, predicted(target="cuda"), predicted(), budget(max_growth=9.0))
    assert verdict.line.endswith("it is predicted for cpu, the baseline for cuda")


def test_another_version_of_torch_is_noted_and_accepted(matrix: Matrix) -> None:
    joined = never_run(matrix, dict.fromkeys(LABELS, predicted()))
    stick = indexed(matrix, dict.fromkeys(LABELS, predicted()), torch="2.11")
    for verdict in judge([budget(max_growth=0.01)], joined, stick):
        assert verdict.outcome == "pass"
        assert verdict.message.endswith("(baseline predicted with torch 2.11, this with 2.13)")


def test_a_limit_without_a_baseline_names_who_has_most(matrix: Matrix) -> None:
    joined = never_run(matrix, dict.fromkeys(LABELS, predicted()))
    over, _ = judge([budget(max="50 MiB")], joined)
    assert over.notes == (
        "largest at the peak, in backward: video.blocks.*.mlp.act activation 96.0 MiB, "
        "video.blocks.*.mlp.fc1 activation 2.0 MiB, (no module) input 1.0 MiB",
    )
    held, _ = judge([budget(max="100 MiB")], joined)
    assert held.notes == ()


def test_a_limit_beside_a_baseline_names_what_grew(matrix: Matrix) -> None:
    joined = never_run(matrix, dict.fromkeys(LABELS, predicted()))
    old = predicted(with_activation(90 * MIB))
    over, _ = judge([budget(max="50 MiB")], joined, indexed(matrix, dict.fromkeys(LABELS, old)))
    assert over.notes == ("at the peak grew: video.blocks.*.mlp.act activation +6.0 MiB",)


def test_modules_at_the_peak_do_not_explain_another_phase(matrix: Matrix) -> None:
    old = predicted(with_activation(90 * MIB))
    phases = dict(predicted().phases) | {"forward": 70 * MIB}
    grown = predicted(phases=phases, embed_peak_bytes=9)
    known = ("modules are known for the step's peak only, which is in backward",)
    for name in ("predicted_forward_peak_bytes", "predicted_embed_peak_bytes"):
        assert verdict_of(matrix, old, grown, budget(name, max_growth=0)).notes == known
        joined = never_run(matrix, dict.fromkeys(LABELS, grown))
        assert [v.notes for v in judge([budget(name, max="1 B")], joined)] == [known, known]
    backward = budget("predicted_backward_peak_bytes", max_growth=0)
    (note,) = verdict_of(matrix, old, grown, backward).notes
    assert note == "at the peak grew: video.blocks.*.mlp.act activation +6.0 MiB"


def test_a_fresh_prediction_takes_precedence_over_the_record(matrix: Matrix) -> None:
    records = [ok(cell, predicted_peak_bytes=1) for cell in matrix.cells]
    limit = budget(max="50 MiB")
    assert [v.outcome for v in judge([limit], joined_of(matrix, *records))] == ["pass", "pass"]
    joined = never_run(matrix, dict.fromkeys(LABELS, predicted()))
    assert [v.actual for v in judge([limit], joined)] == [100 * MIB, 100 * MIB]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_growth": 1}, "write a share such as 0.01 or a size such as '64 MiB', not 1"),
        ({"max_growth": "64 MB"}, "write it like '64 MiB'; or a share such as 0.01"),
        ({"max_growth": -0.1}, "or a size such as '64 MiB', not -0.1"),
        ({"max_growth": True}, "or a size such as '64 MiB', not True"),
        ({"max_growth": 0.1, "max": "5 B"}, "has max and max_growth"),
        ({"max_growth": 0.1, "to": {"recipe": "full"}}, "to goes with max_ratio"),
        ({"metric": "step_ms", "max_growth": 0.1}, "has only predicted metrics"),
        ({"metric": "t2v_recall_at_1", "max_growth": 0.1}, "has only predicted metrics"),
    ],
)
def test_a_limit_on_growth_that_makes_no_sense_is_refused(
    fields: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        budget(**fields)
    assert expected in str(caught.value)
