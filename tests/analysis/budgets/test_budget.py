"""Budgets: what may be written, and verdicts with limit, actual and difference."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.rows import GIB, joined_of, matrix_of, ok, oom, pick, pruned
from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.budget import Budget

MASKED = {"recipe": "mask75"}


def budget(metric: str = "peak_alloc_bytes", **fields: Any) -> Budget:
    return Budget.model_validate({"metric": metric, **fields})


def verdicts(joined: Joined, metric: str = "peak_alloc_bytes", **fields: Any) -> list[Verdict]:
    return judge([budget(metric, **fields)], joined)


def test_sizes_are_read_as_bytes() -> None:
    assert budget(max="6 GiB").limit == 6 * GIB
    assert budget(max="20 B").limit == 20
    assert (budget(max=1024).limit, budget(max=0).limit) == (1024, 0)
    assert budget("step_ms", max=6).limit == 6
    assert budget("t2v_recall_at_1", max_drop=0.02, **{"from": {"recipe": "full"}}).limit == 0.02


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max": "6 GB"}, "max: '6 GB' is not a size; write it like '6 GiB'"),
        ({"max": 6.5}, "is not a size"),
        ({}, "has no limit; write exactly one of max, min, max_ratio, max_drop, max_growth"),
        ({"max": 20}, "max: 20 means 20 bytes; write a size such as 20 GiB"),
        ({"max": 1023}, "max: 1023 means 1023 bytes; write a size"),
        ({"max": 4096, "max_ratio": 2.0, "to": MASKED}, "has max and max_ratio; write exactly one"),
        ({"metric": "peak_aloc_bytes", "max": 1}, "did you mean peak_alloc_bytes?"),
        ({"metric": "t2v_recall_at1", "max": 1}, "did you mean t2v_recall_at_1?"),
        ({"metric": "step_ms", "max": "6 ms"}, "max: '6 ms' is not a number"),
        ({"metric": "step_ms", "max": float("nan")}, "max: 'nan' is not a number"),
        ({"max_ratio": 0.5}, "max_ratio needs to: the row to compare with"),
        ({"max": "1 B", "to": MASKED}, "to goes with max_ratio, not with max"),
        ({"metric": "clips_per_s", "max": 1}, "is better when higher"),
        ({"min": "1 B"}, "is better when lower"),
        ({"max_drop": 0.1, "from": MASKED}, "is better when lower"),
        ({"metric": "t2v_recall_at_1", "max_ratio": 1.0, "to": MASKED}, "use max_drop"),
        ({"max": "1 B", "dataset": "vatex"}, "dataset and origin go with scores"),
        ({"max_ratio": -1.0, "to": MASKED}, "greater than 0"),
        ({"max": "1 B", "wher": MASKED}, "Extra inputs"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        budget(**fields)
    assert expected in str(caught.value)


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    matrix = matrix_of(tmp_path)
    peaks = {
        "joint_test frames=4": int(5 * GIB),
        "joint_test+mask75 frames=4": int(2 * GIB),
        "joint_test frames=8": int(10 * GIB),
        "joint_test+mask75 frames=8": int(6.4 * GIB),
    }
    records = [ok(pick(matrix, label), peak, clips_per_s=2.0) for label, peak in peaks.items()]
    records += [oom(pick(matrix, "frame_mean_test frames=4"), asked=int(3.1 * GIB))]
    records += [
        pruned(
            pick(matrix, "frame_mean_test frames=8"), by=pick(matrix, "frame_mean_test frames=4")
        )
    ]
    records += [ok(pick(matrix, "frame_mean_test+mask75 frames=4"), None)]
    records[-1].missing["peak_alloc_bytes"] = "the allocator tells nothing"
    return joined_of(matrix, *records)


def test_a_message_has_limit_actual_and_difference(joined: Joined) -> None:
    where = MASKED | {"encoder": "joint_test"}
    short, long = verdicts(joined, where=where, max="6 GiB")
    assert short.line == (
        "PASS joint_test+mask75 frames=4: peak_alloc_bytes is 2.00 GiB, "
        "4.00 GiB less than the limit of 6.00 GiB"
    )
    assert long.line == (
        "FAIL joint_test+mask75 frames=8: peak_alloc_bytes is 6.40 GiB, "
        "0.40 GiB more than the limit of 6.00 GiB"
    )
    assert (long.actual, long.limit) == (int(6.4 * GIB), 6 * GIB)


def test_the_limit_itself_holds(joined: Joined) -> None:
    where = {"variant": "joint_test", "frames": 4}
    assert [v.outcome for v in verdicts(joined, where=where, max="5 GiB")] == ["pass"]
    (over,) = verdicts(joined, where=where, max=5 * GIB - 1)
    assert over.message.endswith("1 B more than the limit of 5.00 GiB")


def test_a_minimum_is_missed_from_below(joined: Joined) -> None:
    (verdict,) = verdicts(
        joined, "clips_per_s", where={"variant": "joint_test", "frames": 4}, min=2.5
    )
    assert verdict.line == (
        "FAIL joint_test frames=4: clips_per_s is 2 clips/s, "
        "0.5 clips/s less than the limit of 2.5 clips/s"
    )


def test_a_ratio_compares_rows_that_are_else_the_same(joined: Joined) -> None:
    where = MASKED | {"encoder": "joint_test"}
    short, long = verdicts(joined, where=where, max_ratio=0.6, to={"recipe": "full"})
    assert short.outcome == "pass"
    assert long.line == (
        "FAIL joint_test+mask75 frames=8: peak_alloc_bytes is 0.640 of joint_test frames=8 "
        "(6.40 GiB against 10.00 GiB), 0.040 more than the limit of 0.600"
    )


@pytest.mark.parametrize(
    ("to", "partner"),
    [
        ({"frames": 4}, "joint_test+mask75 frames=4"),
        ({"mask": 0.0}, "joint_test frames=8"),
        ({"variant": "joint_test"}, "joint_test frames=8"),
        ({"encoder": "frame_mean_test"}, "frame_mean_test+mask75 frames=8"),
        ({"family": "frame_mean"}, "frame_mean_test+mask75 frames=8"),
    ],
)
def test_to_leaves_free_what_it_names_and_what_depends_on_it(
    to: dict[str, Any], partner: str, tmp_path: Path
) -> None:
    matrix = matrix_of(tmp_path)
    everything = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    where = {"variant": "joint_test+mask75", "frames": 8}
    (verdict,) = verdicts(everything, where=where, max_ratio=1.0, to=to)
    assert f"is 1.000 of {partner} (" in verdict.message


def test_a_row_without_a_partner_or_with_two_does_not_pass(joined: Joined) -> None:
    where = {"variant": "joint_test+mask75", "frames": 8}
    (none,) = verdicts(joined, where=where, max_ratio=1.0, to={"recipe": "lora8"})
    assert none.outcome == "fail"
    assert "no otherwise equal row has recipe: lora8" in none.message
    (two,) = verdicts(joined, where=where, max_ratio=1.0, to={"encoder": ["joint_test"], "mask": 0})
    assert two.outcome == "pass"
    both = {"recipe": "full", "frames": [4, 8]}
    (many,) = verdicts(joined, where=where, max_ratio=1.0, to=both)
    assert many.outcome == "fail"
    assert "several rows have" in many.message


def test_a_missing_number_never_passes(joined: Joined) -> None:
    found = {v.message for v in verdicts(joined, where={"family": "frame_mean"}, max="99 GiB")}
    assert found == {
        "frame_mean_test frames=4: peak_alloc_bytes was not measured "
        "(oom in backward, 3.10 GiB requested)",
        "frame_mean_test frames=8: peak_alloc_bytes was not measured "
        "(skipped: out of memory at frames=4 batch=2 already)",
        "frame_mean_test+mask75 frames=4: peak_alloc_bytes was not measured "
        "(the allocator tells nothing)",
        "frame_mean_test+mask75 frames=8: peak_alloc_bytes was not measured "
        "(missing: no record; run the matrix)",
    }
    all_ = verdicts(joined, where={"family": "frame_mean"}, max="99 GiB")
    assert {v.outcome for v in all_} == {"fail"}


def test_a_number_that_a_failed_run_left_behind_does_not_count(joined: Joined) -> None:
    where = {"variant": "frame_mean_test", "frames": 4}
    (verdict,) = verdicts(joined, "params", where=where, max=100)  # the record says 7
    assert verdict.outcome == "fail"


def test_a_partner_without_a_number_does_not_pass(joined: Joined) -> None:
    where = MASKED | {"encoder": "joint_test", "frames": 4}
    (verdict,) = verdicts(joined, where=where, max_ratio=1.0, to={"encoder": "frame_mean_test"})
    assert verdict.outcome == "fail"
    assert "frame_mean_test+mask75 frames=4 was not measured" in verdict.message


def test_rows_that_a_rule_skips_are_not_judged(tmp_path: Path) -> None:
    text = (
        "about: q\naxes: {encoder: [joint_test, frame_mean_test], frames: 4, batch: 2}\n"
        "skip: [{when: {encoder: frame_mean_test}, reason: not needed}]\n"
    )
    matrix = matrix_of(tmp_path, text)
    joined = joined_of(matrix, *(ok(cell) for cell in matrix.cells))
    assert len(verdicts(joined, max="4 GiB")) == 1
    (nothing,) = verdicts(joined, where={"encoder": "frame_mean_test"}, max="4 GiB")
    assert nothing.line == (
        "NOTHING TO JUDGE peak_alloc_bytes max: no row to judge has encoder: frame_mean_test"
    )


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("msrvtt", "'msrvtt' is written msr-vtt here"), ("My Set", "'My Set' is not a name")],
)
def test_a_dataset_is_spelt_as_scores_spell_it(dataset: str, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        budget("t2v_recall_at_1", min=0.1, dataset=dataset)
