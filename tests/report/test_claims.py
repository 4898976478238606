"""Claims name their source, and are judged by encoders that differ in what the claim is about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.made import MADE, trained_rows
from tests.rows import joined_of, matrix_of
from vbench_mem.analysis.claims.claim import read_claims
from vbench_mem.analysis.claims.pairs import (
    ADAPTATIONS,
    CASES,
    EncoderPair,
    adapted_pairs,
    adapter_pairs,
    coarse_pairs,
    mask_pairs,
    time_pairs,
)
from vbench_mem.analysis.trained import TrainedEncoder, is_of_kind, trained_encoders


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[TrainedEncoder]:
    return trained_encoders(trained_rows(tmp_path_factory.mktemp("claims")))


def names(pairs: Iterator[EncoderPair]) -> set[tuple[str, str]]:
    return {(one.label, other.label) for one, other in pairs}


def test_every_claim_has_a_source_and_encoders_to_compare() -> None:
    claims = read_claims("accuracy")
    assert [claim.name for claim in claims if claim.kind == "recall"] == list(CASES)
    assert [claim.kind for claim in claims[len(CASES) :]] == ["ceiling"]
    for claim in claims:
        assert claim.source and claim.cite and claim.needs
        paper = claim.source.startswith("arXiv:2312.07395v1, ")
        assert paper == (claim.cite not in ("not in the paper", "a check"))


def test_each_time_aware_encoder_meets_each_frame_level_one(trained: list[TrainedEncoder]) -> None:
    aware, blind = ("joint_test", "factorized_test"), ("frame_mean_test", "frame_attpool_test")
    assert names(time_pairs(trained)) == {(a, b) for a in aware for b in blind}


def test_masked_encoders_meet_themselves_unmasked(trained: list[TrainedEncoder]) -> None:
    masked = {name for name in MADE if name.endswith("+mask75")}
    assert names(mask_pairs(trained)) == {(n.removesuffix("+mask75"), n) for n in masked}


def test_coarse_patches_and_adaptations_meet_the_masked_fine_joint_encoder(
    trained: list[TrainedEncoder],
) -> None:
    masked = "joint_test+mask75"
    assert names(coarse_pairs(trained)) == {(masked, "joint_test_coarse_time")}
    adapted = names(adapted_pairs(trained, ADAPTATIONS))
    assert adapted == {(masked, "joint_test+adapter64"), (masked, "joint_test+lora8")}
    assert names(adapted_pairs(trained, ("last_k",))) == {(masked, "joint_test+last4")}
    assert names(adapter_pairs(trained)) == {("joint_test+adapter64", "joint_test+lora8")}


TWO = """
about: q
axes: {{encoder: [joint_test, frame_mean_test], {axis}, batch: 2}}
accuracy: {{train: [spatial], stages: [{{name: video, steps: 2, batch: 4}}]}}
"""


@pytest.mark.parametrize(
    ("axis", "pairs"),
    [
        ("frames: 4", 1),
        ("frames: [4, 8]", 2),
        ("frames: 4, embed_dim: [32, 64]", 2),
        ("frames: 4, patch_px: [16, 32]", 1),  # the finer one only
        ("frames: 4, resolution_px: [32, 64]", 2),
        ("frames: 4, dtype: [float32, bfloat16]", 1),  # of the rows; the trainings are the same
    ],
)
def test_encoders_that_differ_in_more_than_the_claim_are_no_pair(
    axis: str, pairs: int, tmp_path: Path
) -> None:
    matrix = matrix_of(tmp_path, TWO.format(axis=axis))
    found = list(time_pairs(trained_encoders(joined_of(matrix))))
    assert len(found) == pairs
    for one, other in found:
        assert one.cell.load == other.cell.load
        assert one.spec.embed_dim == other.spec.embed_dim


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (
            "frame-order-invariant",
            {"frame_mean_test", "frame_mean_test+mask75", "frame_attpool_test"},
        ),
        ("first-16-frames", set(MADE)),  # all have 8
        ("first-4-frames", set()),
        ("one-frame", set()),
        ("tubelet-2-order-invariant", set()),
    ],
)
def test_a_ceiling_is_for_encoders_of_its_kind(
    kind: str, labels: set[str], trained: list[TrainedEncoder]
) -> None:
    assert {each.label for each in trained if is_of_kind(each.cell, kind)} == labels
