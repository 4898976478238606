"""Budgets on scores: each column by itself, drops in points, nothing missing passes."""

from pathlib import Path
from typing import Any

from tests.rows import joined_of, matrix_of, score
from vbench_mem.analysis.budgets.judge import judge
from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.budget import Budget

MASKED = {"recipe": "mask75"}


def verdicts(joined: Joined, metric: str, **fields: Any) -> list[Verdict]:
    return judge([Budget.model_validate({"metric": metric, **fields})], joined)


DROP: dict[str, Any] = {"where": MASKED, "max_drop": 0.02, "from": {"recipe": "full"}}


def scored(tmp_path: Path, *scores: Any) -> Joined:
    text = "about: q\naxes: {encoder: joint_test, recipe: [full, mask75], frames: 4, batch: 2}\n"
    return joined_of(matrix_of(tmp_path, text), scores=scores)


def test_a_drop_of_recall_is_in_points(tmp_path: Path) -> None:
    joined = scored(tmp_path, score(value=0.40), score(value=0.37, mask_ratio=0.75))
    (verdict,) = verdicts(joined, "t2v_recall_at_1", **DROP)
    assert verdict.outcome == "fail"
    assert verdict.message.endswith(
        "is 3.0 points below joint_test (37.0 % against 40.0 %), "
        "1.0 points more than the limit of 2.0 points"
    )
    joined = scored(tmp_path, score(value=0.40), score(value=0.39, mask_ratio=0.75))
    assert [v.outcome for v in verdicts(joined, "t2v_recall_at_1", **DROP)] == ["pass"]


def test_each_dataset_is_judged_and_a_missing_one_fails(tmp_path: Path) -> None:
    joined = scored(
        tmp_path,
        score(value=0.40),
        score(value=0.40, mask_ratio=0.75),
        score(value=0.30, dataset="vatex"),
    )
    found = verdicts(joined, "t2v_recall_at_1", **DROP)
    assert [v.outcome for v in found] == ["pass", "fail"]
    column = "score.imported.vatex.t2v.recall_at_1.zero-shot"
    assert f"t2v_recall_at_1 ({column}) was not measured" in found[1].message
    (one,) = verdicts(joined, "t2v_recall_at_1", dataset="msr-vtt", **DROP)
    assert one.outcome == "pass"


def test_published_scores_are_judged_only_where_the_budget_names_them(tmp_path: Path) -> None:
    joined = scored(tmp_path, score(value=0.40, origin="published"))
    where = {"recipe": "full"}
    (verdict,) = verdicts(joined, "t2v_recall_at_1", where=where, min=0.1)
    assert verdict.outcome == "fail"
    (published,) = verdicts(joined, "t2v_recall_at_1", where=where, min=0.1, origin="published")
    assert published.outcome == "pass"


def test_published_and_imported_scores_are_never_compared(tmp_path: Path) -> None:
    joined = scored(
        tmp_path, score(value=0.40, origin="measured"), score(value=0.40, mask_ratio=0.75)
    )
    found = verdicts(joined, "t2v_recall_at_1", **DROP)
    assert {v.outcome for v in found} == {"fail"}
    assert "(score.imported.msr-vtt.t2v.recall_at_1.zero-shot) cannot be compared" in (
        found[0].message
    )
    assert "(score.measured.msr-vtt.t2v.recall_at_1.zero-shot) was not measured" in found[1].message


def test_a_column_that_only_the_row_compared_with_has_fails_and_says_so(tmp_path: Path) -> None:
    joined = scored(
        tmp_path,
        score(value=0.40),
        score(value=0.40, mask_ratio=0.75),
        score(value=0.45, protocol="fine-tuned"),
    )
    found = {v.outcome: v.message for v in verdicts(joined, "t2v_recall_at_1", **DROP)}
    assert "zero-shot" in found["pass"]
    assert (
        "recall_at_1.fine-tuned) was not measured (no such score is known for this row)"
        in found["fail"]
    )


def test_a_drop_of_exactly_the_limit_holds(tmp_path: Path) -> None:
    assert 0.30 - 0.29 > 0.01  # what a computer makes of it
    joined = scored(tmp_path, score(value=0.30), score(value=0.29, mask_ratio=0.75))
    (verdict,) = verdicts(joined, "t2v_recall_at_1", **(DROP | {"max_drop": 0.01}))
    assert verdict.outcome == "pass"
    assert verdict.message.endswith("0.0 points less than the limit of 1.0 points")
    (over,) = verdicts(joined, "t2v_recall_at_1", **(DROP | {"max_drop": 0.00999}))
    assert over.outcome == "fail"
