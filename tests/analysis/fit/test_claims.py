"""The claims as data: what they compare exists, and their bounds judge as they say."""

import pytest

from tests.analysis.fit.made import claim
from vbench_mem.analysis.claims.claim import Claim, Condition, read_claims
from vbench_mem.analysis.claims.memory import CONDITIONS, cell_of
from vbench_mem.analysis.scores.files import read_reference
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.sizes import VIDEO_SIZES
from vbench_mem.encoders.table import ENCODERS

CLAIMS = read_claims("memory")


@pytest.mark.parametrize("each", CLAIMS, ids=lambda each: each.name)
def test_every_claim_compares_variants_of_the_tables_and_has_a_source(each: Claim) -> None:
    for variant in each.variants:
        encoder, _, recipe = variant.partition("+")
        assert encoder in ENCODERS
        assert (recipe or "full") in RECIPES
        assert cell_of(variant, each.frames, Condition()).variant == variant
    assert each.source.startswith("arXiv:2312.07395v1")
    assert each.certainty.startswith(("confirmed", "inferred"))
    assert each.low is not None or each.high is not None
    assert len(each.variants) == {"fits": 1, "ratio": 2, "growth": 4}[each.kind]


def test_claims_have_distinct_names() -> None:
    assert len({each.name for each in CLAIMS}) == len(CLAIMS) >= 15


def test_every_subject_of_the_paper_on_memory_is_claimed() -> None:
    kinds = {each.kind for each in CLAIMS}
    assert kinds == {"ratio", "growth", "fits"}
    text = " ".join(each.line for each in CLAIMS)
    for word in (
        "mask75",
        "adapter64",
        "lora64",
        "temporal_only",
        "last4",
        "tubevit",
        "frame_mean",
    ):
        assert word in text


def test_claims_are_no_scores() -> None:
    assert not [place for place, _ in read_reference() if "claims" in place]
    assert read_reference()


@pytest.mark.parametrize(
    ("low", "high", "ours", "holds"),
    [
        (2.0, 3.0, 2.0, True),
        (2.0, 3.0, 3.0, True),
        (2.0, 3.0, 1.99, False),
        (2.0, 3.0, 3.01, False),
        (1.0, None, 9.0, True),
        (1.0, None, 0.99, False),
        (None, 5.0, 0.0, True),
        (None, 5.0, 6.0, False),
    ],
)
def test_a_claim_holds_within_its_bounds(
    low: float | None, high: float | None, ours: float, holds: bool
) -> None:
    assert claim(low=low, high=high).allows(ours) is holds


@pytest.mark.parametrize(
    "growth", [each for each in CLAIMS if each.kind == "growth"], ids=lambda each: each.name
)
def test_a_growth_compares_a_large_and_a_small_one_of_each_of_two_variants(growth: Claim) -> None:
    for large, small in (growth.variants[:2], growth.variants[2:]):
        cells = [cell_of(variant, growth.frames, Condition()) for variant in (large, small)]
        specs = [cell.table_spec for cell in cells]
        assert [spec.tower for spec in specs] == [VIDEO_SIZES["L"], VIDEO_SIZES["B"]]
        assert specs[0].layout == specs[1].layout
        assert cells[0].recipe == cells[1].recipe


def test_conditions_have_distinct_names_and_several_batches() -> None:
    assert len({condition.label for condition in CONDITIONS}) == len(CONDITIONS)
    assert len({condition.batch for condition in CONDITIONS}) >= 2
    assert Condition().label == "batch 8"
    assert Condition(batch=2, attention="math", checkpoint=True).label == (
        "batch 2, math kernel, checkpoint"
    )


def test_a_cell_is_what_its_condition_says() -> None:
    cell = cell_of("joint_test+mask75", 4, Condition(batch=3, optimizer="fused"))
    assert (cell.load.frames, cell.load.batch, cell.load.resolution_px) == (4, 3, 64)
    assert (cell.runtime.dtype, cell.runtime.attention) == ("bfloat16", "flash")
    assert cell.runtime.optimizer == "fused"
    assert cell.recipe.mask == 0.75 and cell.recipe.mask_kind == "random"
