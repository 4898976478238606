"""Recall over paired seeds: differences by hand, verdicts only where every seed agrees."""

import statistics
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.analysis.compare.made import compared, timed
from tests.report.made import trained_matrix
from tests.rows import result, trained
from vbench_mem.analysis.compare.recalls import Recall
from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.matrix.load import Matrix
from vbench_mem.report.comparison.wording import facts, recall_facts, recall_text
from vbench_mem.running.record import Record

BEFORE = {0: 0.50, 1: 0.52, 2: 0.54}


def records(matrix: Matrix, by_seed: Mapping[int, float]) -> list[Record]:
    """Of the trainings with these seeds, what each retrieves where order decides."""
    assert matrix.accuracy is not None
    cells = [cell for cell in matrix.accuracy.cells if cell.training is not None]
    return [
        trained(cell, result(by_seed[cell.training.seed]))
        for cell in cells
        if cell.training is not None and cell.training.seed in by_seed
    ]


def of(folder: Path, before: Mapping[int, float], after: Mapping[int, float]) -> Comparison:
    matrix = trained_matrix(folder, ("joint_test",))
    return compared(folder, records(matrix, before), records(matrix, after))


@pytest.mark.parametrize(
    ("changes", "verdict", "code"),
    [
        ((0.01, 0.02, 0.03), "better", 0),
        ((-0.01, -0.02, -0.03), "worse", 1),
        ((0.01, 0.02, -0.001), "noise", 0),
        ((-0.2, -0.2, 0.0), "noise", 0),
    ],
)
def test_recall_is_lower_only_where_every_seed_says_so(
    tmp_path: Path, changes: tuple[float, ...], verdict: str, code: int
) -> None:
    after = {seed: BEFORE[seed] + change for seed, change in enumerate(changes)}
    found = of(tmp_path, BEFORE, after)
    (each,) = found.recalls
    assert each.seeds == (0, 1, 2) and each.verdict == verdict
    assert each.differences == pytest.approx(changes)
    spread = 100 * statistics.stdev(changes)
    assert each.text == f"{100 * sum(changes) / 3:+.1f} ± {spread:.1f} points"
    assert found.exit_code("worse") == code


def test_two_seeds_are_not_judged_and_only_shared_ones_are_paired(tmp_path: Path) -> None:
    found = of(tmp_path, BEFORE, {1: 0.1, 2: 0.1, 3: 0.9})
    (each,) = found.recalls
    assert each.seeds == (1, 2) and each.verdict == "unjudged"
    assert len(found.only_before) == 1
    assert each.before == (0.52, 0.54) and each.after == (0.1, 0.1)


def test_the_same_recall_is_counted_and_not_listed(tmp_path: Path) -> None:
    found = of(tmp_path, BEFORE, BEFORE)
    assert found.is_equal and found.moved == []
    assert list(recall_facts(found)) == [("T2V R@1, paired by seed", "1 the same")]


def test_a_line_of_recall_has_both_means_and_no_seed_in_its_label() -> None:
    each = Recall(
        label="joint_test",
        benchmark="temporal",
        seeds=(0, 1, 2),
        before=(0.5, 0.6, 0.7),
        after=(0.4, 0.5, 0.6),
    )
    assert recall_text(each) == (
        "joint_test, temporal: T2V R@1 60.0 % -> 50.0 %, -10.0 ± 0.0 points, seeds: 3: lower"
    )


def test_the_label_of_an_encoder_has_no_seed(tmp_path: Path) -> None:
    (each,) = of(tmp_path, BEFORE, BEFORE).recalls
    assert (each.label, each.benchmark) == ("joint_test", "temporal")


def test_a_lower_recall_is_in_the_summary(tmp_path: Path) -> None:
    found = of(tmp_path, BEFORE, {seed: value - 0.1 for seed, value in BEFORE.items()})
    assert ("T2V R@1, paired by seed", "1 lower") in facts(found)


def test_what_only_trainings_have_is_not_in_the_label_of_a_burst(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test", "factorized_test"))
    both = [*records(matrix, BEFORE), *(timed(cell, [1.0, 2.0, 3.0]) for cell in matrix.cells)]
    found = compared(tmp_path, both, both)
    labels = {row.label for row in found.rows if row.before.state == "ok"}
    assert {"joint_test", "factorized_test"} <= labels
    assert [each.label for each in found.recalls] == ["joint_test", "factorized_test"]


def test_results_that_are_not_as_this_code_writes_them_are_no_recall(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, ("joint_test",))
    good = records(matrix, BEFORE)
    bad = [
        each.model_copy(update={"details": each.details | {"results": [{"name": "x"}]}})
        for each in good
    ]
    assert compared(tmp_path, good, bad).recalls == ()
