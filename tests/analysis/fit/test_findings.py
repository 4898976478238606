"""Claims held against predictions of tiny encoders; each number is checked on its own."""

import csv
from functools import cache
from pathlib import Path

import pytest

from tests.analysis.fit.made import claim
from vbench_mem.analysis.claims.claim import Claim, Condition
from vbench_mem.analysis.claims.finding import Finding
from vbench_mem.analysis.claims.memory import cell_of, cells_of, judge, judge_all
from vbench_mem.analysis.claims.parts import (
    VIDEO,
    WEIGHTS,
    compare_growths,
    compare_layers,
    parts_of,
)
from vbench_mem.analysis.claims.table import claim_grid, disagreements
from vbench_mem.probes.predict import predict
from vbench_mem.probes.prediction import Prediction, Unpredicted
from vbench_mem.report.fit.written import write_claims

SMALL, LARGE = Condition(batch=2), Condition(batch=16)


@cache
def predicted(variant: str, frames: int, condition: Condition) -> Prediction:
    return predict(cell_of(variant, frames, condition), "cuda")


def judged(claim: Claim, condition: Condition = LARGE) -> Finding:
    cells = cells_of(claim, condition)
    names = zip(cells, claim.variants, strict=True)
    found = {cell.id: predicted(name, claim.frames, condition) for cell, name in names}
    return judge(claim, condition, found)


def peak(variant: str, condition: Condition = LARGE, frames: int = 8) -> int:
    return predicted(variant, frames, condition).peak_bytes


def test_a_ratio_is_that_of_both_peaks() -> None:
    finding = judged(claim(frames=8, low=1.0))
    assert finding.numbers == (peak("joint_test") / peak("joint_test+mask75"),)
    assert finding.numbers[0] > 1 and finding.verdict == "holds" and finding.reason is None
    sizes = [side.memory for side in finding.sides]
    assert sizes == [peak("joint_test"), peak("joint_test+mask75")]


def test_the_same_claim_may_hold_at_one_batch_and_not_at_another() -> None:
    any_ratio = claim(frames=8, low=0.0)
    (one,), (other,) = (judged(any_ratio, condition).numbers for condition in (SMALL, LARGE))
    assert one < other
    between = claim(frames=8, low=(one + other) / 2)
    verdicts = [judged(between, condition).verdict for condition in (SMALL, LARGE)]
    assert verdicts == ["does not hold", "holds"]


def test_a_disagreement_lists_the_parts_of_the_smaller_peak() -> None:
    finding = judged(claim(frames=8, low=100.0))
    assert finding.verdict == "does not hold" and finding.reason is not None
    masked = predicted("joint_test+mask75", 8, LARGE)
    parts = parts_of(masked)
    share = f"{100 * parts[VIDEO] / masked.peak_bytes:.0f} % {VIDEO}"
    assert share in finding.reason
    full = parts_of(predicted("joint_test", 8, LARGE))
    assert f"(joint_test has {full[VIDEO] / parts[VIDEO]:.2f}x)" in finding.reason


@pytest.mark.parametrize("variant", ["joint_test", "joint_test+adapter64", "tubevit_test"])
@pytest.mark.parametrize("condition", [SMALL, LARGE])
def test_the_parts_of_a_peak_add_up_to_it(variant: str, condition: Condition) -> None:
    prediction = predicted(variant, 16, condition)
    parts = parts_of(prediction)
    assert sum(parts.values()) == prediction.peak_bytes
    assert min(parts.values()) >= 0
    named = ("parameter", "gradient", "optimizer")
    assert parts[WEIGHTS] == sum(prediction.categories[name] for name in named)


def test_a_growth_is_the_ratio_of_two_ratios() -> None:
    coarse, fine = "joint_test_coarse_both", "joint_test"
    variants = (coarse, fine, f"{coarse}+mask75", f"{fine}+mask75")
    finding = judged(claim(kind="growth", variants=variants, frames=8, low=1e9))
    own, other = peak(coarse) / peak(fine), peak(f"{coarse}+mask75") / peak(f"{fine}+mask75")
    assert finding.numbers == (pytest.approx(own / other),)
    assert finding.verdict == "does not hold"
    assert finding.reason is not None
    assert f"{fine} grows {own:.2f}x" in finding.reason
    assert f"{fine}+mask75 grows {other:.2f}x" in finding.reason


def test_a_growth_is_explained_by_the_growth_of_its_parts() -> None:
    names = ("joint_test_coarse_both", "joint_test") * 2
    known = [predicted(name, 8, LARGE) for name in names]
    text = compare_growths(names, known)
    coarse, fine = parts_of(known[0]), parts_of(known[1])
    assert f"{VIDEO} {coarse[VIDEO] / fine[VIDEO]:.2f}x" in text


def test_layers_are_compared_where_unlike_many_keep_something() -> None:
    variants = ("joint_s16+adapter64", "joint_s16+last4")
    known = [predicted(name, 16, SMALL) for name in variants]
    cells = [cell_of(name, 16, SMALL) for name in variants]
    text = compare_layers(cells, known)
    assert text is not None
    assert "12 layers of joint_s16+adapter64 keep" in text
    assert "4 layers of joint_s16+last4 keep" in text
    assert compare_layers(cells[:1] * 2, known[:1] * 2) is None


def test_a_limit_applies_to_the_whole_process_and_the_largest_batch_is_exact() -> None:
    variant, frames = "joint_test", 8

    def needed(batch: int) -> int:
        prediction = predicted(variant, frames, Condition(batch=batch))
        process = prediction.process_bytes
        return prediction.peak_bytes if process is None else process

    limit = (needed(2) + needed(64)) // 2
    fits = claim(kind="fits", variants=(variant,), frames=frames, high=float(limit))
    small, large = judge_all([fits], [SMALL, Condition(batch=64)], jobs=1)
    assert (small.numbers, large.numbers) == ((needed(2),), (needed(64),))
    assert (small.verdict, large.verdict) == ("holds", "does not hold")
    assert small.largest_batch == large.largest_batch
    assert small.largest_batch is not None
    assert needed(small.largest_batch) <= limit < needed(small.largest_batch + 1)
    assert f"the largest batch that fits is {large.largest_batch}" in (large.reason or "")


def test_what_cannot_be_predicted_is_not_judged_and_has_a_reason() -> None:
    ratio = claim(frames=8, low=1.0)
    first, second = cells_of(ratio, LARGE)
    found = {
        first.id: Unpredicted(reason="not known"),
        second.id: predicted("joint_test", 8, LARGE),
    }
    finding = judge(ratio, LARGE, found)
    assert (finding.numbers, finding.holds) == ((), ())
    assert (finding.verdict, finding.reason) == ("not judged", "not known")
    _, (line,) = claim_grid([finding])
    assert line[-1] == "?"
    assert disagreements([finding]) == {"c": ["batch 16: not known"]}


def test_the_files_of_the_claims(tmp_path: Path) -> None:
    yes = judged(claim(frames=8, low=1.0))
    no = judged(claim(name="d", frames=8, low=100.0))
    assert [path.name for path in write_claims([yes, no], tmp_path)] == ["claims.csv", "claims.md"]
    with (tmp_path / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["holds", "does not hold"]
    assert (rows[0]["reason"], rows[1]["reason"]) == ("", no.reason)
    full, masked = peak("joint_test"), peak("joint_test+mask75")
    assert rows[0]["bytes"] == f"joint_test={full} joint_test+mask75={masked}"
    keys = ("batch", "dtype", "attention", "optimizer", "checkpoint")
    assert [rows[0][key] for key in keys] == ["16", "bfloat16", "flash", "foreach", "false"]
    text = (tmp_path / "claims.md").read_text()
    assert f"| c | at least 1 | {yes.numbers[0]:.2f} |" in text
    assert f"| d | at least 100 | no: {no.numbers[0]:.2f} |" in text
    assert f"- batch 16: {no.reason}" in text
    assert "a test; assumed." in text
