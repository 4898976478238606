"""Claims held against predictions of tiny encoders; each number is checked on its own."""

import csv
from functools import cache
from pathlib import Path

import pytest

from tests.analysis.fit.made import claim
from vbench_mem.analysis.claims.agreement import claim_grid, disagreements
from vbench_mem.analysis.claims.memory import Claim, Condition, cell_of
from vbench_mem.analysis.claims.memory_findings import Finding, cells_of, check_all, judge
from vbench_mem.analysis.fit.parts import VIDEO, WEIGHTS, compare_growths, compare_layers, parts_of
from vbench_mem.probes.predict import predict
from vbench_mem.probes.prediction import Prediction, Unpredicted
from vbench_mem.report.fit.written import write_claims

SMALL, LARGE = Condition(batch=2), Condition(batch=16)


@cache
def predicted(variant: str, frames: int, condition: Condition) -> Prediction:
    return predict(cell_of(variant, frames, condition), "cuda")


def judged(claim: Claim, condition: Condition = LARGE) -> Finding:
    cells = cells_of(claim, condition)
    names = zip(cells, claim.variants(), strict=True)
    found = {cell.id: predicted(name, claim.frames, condition) for cell, name in names}
    return judge(claim, condition, found)


def peak(variant: str, condition: Condition = LARGE, frames: int = 8) -> int:
    return predicted(variant, frames, condition).peak_bytes


def test_a_ratio_is_that_of_both_peaks() -> None:
    finding = judged(claim(frames=8, low=1.0))
    assert finding.ours == peak("joint_test") / peak("joint_test+mask75")
    assert finding.ours > 1 and finding.holds and finding.why is None
    assert finding.bytes == (peak("joint_test"), peak("joint_test+mask75"))


def test_the_same_claim_may_hold_at_one_batch_and_not_at_another() -> None:
    ratios = [judged(claim(frames=8, low=0.0), condition).ours for condition in (SMALL, LARGE)]
    assert ratios[0] is not None and ratios[1] is not None and ratios[0] < ratios[1]
    between = claim(frames=8, low=sum(ratios) / 2)
    assert [judged(between, condition).holds for condition in (SMALL, LARGE)] == [False, True]


def test_a_disagreement_says_what_the_smaller_peak_is_made_of() -> None:
    finding = judged(claim(frames=8, low=100.0))
    assert finding.holds is False and finding.why is not None
    masked = predicted("joint_test+mask75", 8, LARGE)
    parts = parts_of(masked)
    share = f"{100 * parts[VIDEO] / masked.peak_bytes:.0f} % {VIDEO}"
    assert share in finding.why
    full = parts_of(predicted("joint_test", 8, LARGE))
    assert f"(joint_test has {full[VIDEO] / parts[VIDEO]:.2f}x)" in finding.why


@pytest.mark.parametrize("variant", ["joint_test", "joint_test+adapter64", "tubevit_test"])
@pytest.mark.parametrize("condition", [SMALL, LARGE])
def test_the_parts_of_a_peak_add_up_to_it(variant: str, condition: Condition) -> None:
    prediction = predicted(variant, 16, condition)
    parts = parts_of(prediction)
    assert sum(parts.values()) == prediction.peak_bytes
    assert min(parts.values()) >= 0
    named = ("parameter", "gradient", "optimizer")
    assert parts[WEIGHTS] == sum(prediction.categories[name] for name in named)


def test_a_growth_is_the_ratio_of_two_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbench_mem.analysis.claims.memory.SMALL", "test")
    monkeypatch.setattr("vbench_mem.analysis.claims.memory.LARGE", "test_coarse_both")
    growth = claim(kind="growth", more="joint_*", less="joint_*+mask75", frames=8, low=1e9)
    finding = judged(growth)
    coarse, fine = "joint_test_coarse_both", "joint_test"
    own, other = peak(coarse) / peak(fine), peak(f"{coarse}+mask75") / peak(f"{fine}+mask75")
    assert finding.ours == pytest.approx(own / other)
    assert finding.holds is False
    assert finding.why is not None
    assert f"{fine} grows {own:.2f}x" in finding.why
    assert f"{fine}+mask75 grows {other:.2f}x" in finding.why


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


def test_a_limit_is_held_against_the_whole_process_and_the_largest_batch_is_exact() -> None:
    variant, frames = "joint_test", 8

    def needed(batch: int) -> int:
        prediction = predicted(variant, frames, Condition(batch=batch))
        process = prediction.process_bytes
        return prediction.peak_bytes if process is None else process

    limit = (needed(2) + needed(64)) // 2
    fits = claim(kind="fits", more=variant, less=None, frames=frames, high=float(limit))
    small, large = check_all([fits], [SMALL, Condition(batch=64)], jobs=1)
    assert (small.ours, large.ours) == (needed(2), needed(64))
    assert (small.holds, large.holds) == (True, False)
    assert small.largest == large.largest
    assert small.largest is not None
    assert needed(small.largest) <= limit < needed(small.largest + 1)
    assert f"the largest batch that fits is {large.largest}" in (large.why or "")


def test_what_cannot_be_predicted_has_a_reason_and_no_outcome() -> None:
    ratio = claim(frames=8, low=1.0)
    first, second = cells_of(ratio, LARGE)
    found = {
        first.id: Unpredicted(reason="not known"),
        second.id: predicted("joint_test", 8, LARGE),
    }
    finding = judge(ratio, LARGE, found)
    assert (finding.ours, finding.holds, finding.reason) == (None, None, "not known")
    _, (line,) = claim_grid([finding])
    assert line[-1] == "?"
    assert disagreements([finding]) == {"c": ["batch 16: not known"]}


def test_the_files_of_the_claims(tmp_path: Path) -> None:
    yes = judged(claim(frames=8, low=1.0))
    no = judged(claim(claim="d", frames=8, low=100.0))
    assert [path.name for path in write_claims([yes, no], tmp_path)] == ["claims.csv", "claims.md"]
    with (tmp_path / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["holds"] for row in rows] == ["true", "false"]
    assert (rows[0]["why"], rows[1]["why"]) == ("", no.why)
    full, masked = peak("joint_test"), peak("joint_test+mask75")
    assert rows[0]["bytes"] == f"joint_test={full} joint_test+mask75={masked}"
    keys = ("batch", "dtype", "attention", "optimizer", "checkpoint")
    assert [rows[0][key] for key in keys] == ["16", "bfloat16", "flash", "foreach", "false"]
    text = (tmp_path / "claims.md").read_text()
    assert f"| c | at least 1 | {yes.ours:.2f} |" in text
    assert f"| d | at least 100 | no: {no.ours:.2f} |" in text
    assert f"- batch 16: {no.why}" in text
    assert "a test; ours." in text
