"""Verdicts are those of the seeds' numbers, and what was not trained or learned judges nothing."""

import random
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.report.made import MADE, Recall, records_of, spatial, temporal, trained_matrix
from tests.rows import joined_of
from vbench_mem.analysis.claims.accuracy import findings
from vbench_mem.analysis.claims.claim import read_claims
from vbench_mem.analysis.claims.finding import Finding, by_claim, counted
from vbench_mem.running.record import Record, Status

PAIR = ("joint_test", "frame_mean_test")
MASKS = ("joint_test", "joint_test+mask75", "factorized_test", "factorized_test+mask75")


def found_with(
    folder: Path,
    recall: Recall = temporal,
    variants: tuple[str, ...] = tuple(MADE),
    other: Recall = spatial,
    change: Callable[[list[Record]], list[Record]] = lambda records: records,
    seeds: str = "0, 1, 2",
) -> list[Finding]:
    matrix = trained_matrix(folder, variants, seeds)
    return findings(joined_of(matrix, *change(records_of(matrix, recall, other))))


def of(found: list[Finding], claim: str) -> list[Finding]:
    return [finding for finding in found if finding.claim.name == claim]


def by_seed(**numbers: tuple[float, float, float]) -> Recall:
    """Recalls by variant, with __ for what an identifier cannot have."""
    return lambda variant, seed: numbers[variant.replace("+", "__")][seed]


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ((0.30, 0.31, 0.32), (0.20, 0.30, 0.31), "holds"),
        ((0.30, 0.31, 0.32), (0.20, 0.33, 0.31), "on average"),
        ((0.30, 0.31, 0.32), (0.20, 0.40, 0.33), "does not hold"),
        ((0.30, 0.31, 0.32), (0.30, 0.31, 0.32), "does not hold"),  # equal is not more
        ((0.20, 0.20, 0.20), (0.30, 0.31, 0.32), "does not hold"),
    ],
)
def test_a_verdict_is_of_differences_paired_by_seed(
    ours: tuple[float, float, float],
    theirs: tuple[float, float, float],
    verdict: str,
    tmp_path: Path,
) -> None:
    recall = by_seed(joint_test=ours, frame_mean_test=theirs)
    (finding,) = of(found_with(tmp_path, recall, PAIR), "time-aware, order matters")
    assert finding.verdict == verdict
    assert finding.setting == "temporal"
    assert finding.numbers == pytest.approx([a - b for a, b in zip(ours, theirs, strict=True)])


def test_numbers_are_those_of_an_obvious_computation(tmp_path: Path) -> None:
    draw = random.Random(4)
    numbers = {(name, seed): draw.uniform(0.1, 0.9) for name in PAIR for seed in range(3)}
    finding = of(
        found_with(tmp_path, lambda *key: numbers[key], PAIR), "time-aware, order matters"
    )[0]
    gaps = [100 * (numbers[PAIR[0], s] - numbers[PAIR[1], s]) for s in range(3)]
    assert finding.difference == f"{statistics.mean(gaps):+.1f} ± {statistics.stdev(gaps):.1f}"
    assert finding.count == f"{sum(gap > 0 for gap in gaps)} of 3"
    assert finding.sides
    own = [100 * numbers[PAIR[0], seed] for seed in range(3)]
    assert finding.sides[0].number == f"{statistics.mean(own):.1f} ± {statistics.stdev(own):.1f} %"


def test_without_a_ceiling_that_proves_order_another_claim_is_judged(tmp_path: Path) -> None:
    found = found_with(tmp_path, variants=PAIR)
    assert [finding.setting for finding in of(found, "time-aware, order matters")] == ["temporal"]
    (elsewhere,) = of(found, "time-aware, order unproved")
    assert elsewhere.setting == "spatial"
    assert "not claimed by the paper" in elsewhere.claim.source


def test_masking_may_cost_the_joint_encoder_a_point_and_no_more(tmp_path: Path) -> None:
    recall = by_seed(joint_test=(0.50, 0.50, 0.50), joint_test__mask75=(0.49, 0.495, 0.52))
    (finding,) = of(found_with(tmp_path, recall, MASKS[:2], recall), "masking costs little")[:1]
    assert (finding.verdict, finding.count) == ("holds", "3 of 3")
    recall = by_seed(joint_test=(0.50, 0.50, 0.50), joint_test__mask75=(0.48, 0.495, 0.48))
    (finding,) = of(found_with(tmp_path, recall, MASKS[:2], recall), "masking costs little")[:1]
    assert (finding.verdict, finding.count) == ("does not hold", "1 of 3")


def test_losses_by_masking_are_compared_seed_by_seed(tmp_path: Path) -> None:
    recall = by_seed(
        joint_test=(0.50, 0.60, 0.70),
        joint_test__mask75=(0.45, 0.60, 0.72),
        factorized_test=(0.50, 0.50, 0.50),
        factorized_test__mask75=(0.40, 0.41, 0.52),
    )
    finding = of(found_with(tmp_path, recall, MASKS), "masking costs less")[0]
    assert finding.numbers == pytest.approx([0.05, 0.09, 0.0])
    assert finding.verdict == "on average"
    assert finding.sides
    assert finding.sides[0].number == "loses 1.0 ± 3.6 points"
    assert finding.sides[1].number == "loses 5.7 ± 6.7 points"


def test_memory_stands_beside_the_score_where_the_claim_is_about_its_price(tmp_path: Path) -> None:
    finding = of(found_with(tmp_path), "coarse patches")[0]
    assert finding.line == (
        "temporal: joint_test+mask75 79.0 ± 1.0 % at 1.00 GiB, joint_test_coarse_time 40.0 ± 1.0 % "
        "at 1.60 GiB: +39.0 ± 0.0, in 3 of 3 seeds"
    )


def test_a_frame_level_encoder_is_above_its_ceiling_only_beyond_its_interval(
    tmp_path: Path,
) -> None:
    """The ceiling is 25 %, and intervals reach 4 points to both sides."""
    for shares, verdict in (
        ((0.20, 0.24, 0.28), "holds"),
        ((0.20, 0.20, 0.31), "on average"),
        ((0.28, 0.30, 0.31), "does not hold"),
    ):
        recall = by_seed(joint_test=(0.5, 0.5, 0.5), frame_mean_test=shares)
        (finding,) = of(found_with(tmp_path, recall, PAIR), "ceiling")
        assert finding.verdict == verdict
        assert finding.sides and finding.sides[1].label == "frame_mean_test"


def test_one_seed_judges_no_difference_and_shows_it(tmp_path: Path) -> None:
    found = found_with(tmp_path, variants=PAIR, seeds="0")
    (finding,) = of(found, "time-aware, order matters")
    assert finding.verdict == "not judged"
    assert "1 seed, and a spread needs 2" in finding.line
    assert finding.difference == "+59.0"
    assert of(found, "ceiling")[0].verdict == "holds"  # a bound needs no spread


def test_encoders_that_have_learned_nothing_judge_no_masking(tmp_path: Path) -> None:
    """Chance is 1 %, and intervals reach 4 points to both sides."""

    def recall(variant: str, seed: int) -> float:
        return 0.03

    found = found_with(tmp_path, recall, MASKS, recall)
    for claim in ("masking costs little", "masking costs others", "masking costs less"):
        assert {finding.verdict for finding in of(found, claim)} == {"not judged"}
        assert "not surely above chance" in str(of(found, claim)[0].reason)


def failed(records: list[Record], seeds: int) -> list[Record]:
    """The first so many trainings, all of the first encoder, ended badly."""
    for record in [each for each in records if each.cell.probe == "accuracy"][:seeds]:
        record.status, record.reason, record.details = Status.ERROR, "diverged", {}
    return records


def test_a_failed_training_leaves_its_seed_out(tmp_path: Path) -> None:
    (finding,) = of(
        found_with(tmp_path, variants=PAIR, change=partial(failed, seeds=1)),
        "time-aware, order matters",
    )
    assert (finding.seeds, finding.verdict) == ((1, 2), "holds")
    (finding,) = of(
        found_with(tmp_path, variants=PAIR, change=partial(failed, seeds=3)),
        "time-aware, order matters",
    )
    assert finding.verdict == "not judged"
    assert finding.line == "temporal: joint_test seed=0: error: diverged"


def test_a_claim_without_a_pair_names_the_encoders_it_needs(tmp_path: Path) -> None:
    found = found_with(tmp_path, variants=PAIR)
    assert [claim.name for claim, _ in by_claim(found)] == [
        claim.name for claim in read_claims("accuracy")
    ]
    (finding,) = of(found, "adapters and LoRA")
    assert finding.line == "it needs an encoder with adapters and the same one with LoRA"
    compared = [each for each in found if each.is_compared]
    assert finding not in compared
    assert counted(found).startswith(f"Comparisons: {len(compared)} (holds: 2")


def test_without_a_result_nothing_is_claimed(tmp_path: Path) -> None:
    matrix = trained_matrix(tmp_path, PAIR)
    assert findings(joined_of(matrix)) == []
    assert counted([]) == ""
