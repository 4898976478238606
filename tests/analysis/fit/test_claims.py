"""The claims as data: what they compare exists, and their bounds judge as they say."""

import pytest

from tests.analysis.fit.made import claim
from vbench_mem.analysis.claims.memory import CONDITIONS, Claim, Condition, cell_of, read_claims
from vbench_mem.analysis.scores.files import read_reference
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS

CLAIMS = read_claims()


@pytest.mark.parametrize("each", CLAIMS, ids=lambda each: each.claim)
def test_every_claim_compares_variants_of_the_tables_and_has_a_source(each: Claim) -> None:
    for variant in each.variants():
        encoder, _, recipe = variant.partition("+")
        assert encoder in ENCODERS
        assert (recipe or "full") in RECIPES
        assert cell_of(variant, each.frames, Condition()).variant == variant
    assert each.source.startswith("arXiv:2312.07395v1")
    assert each.sure.startswith(("confirmed", "inferred"))
    assert each.low is not None or each.high is not None
    assert (each.less is None) == (each.kind == "fits")


def test_claims_have_names_of_their_own() -> None:
    assert len({each.claim for each in CLAIMS}) == len(CLAIMS)


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
    assert claim(low=low, high=high).holds(ours) is holds


def test_a_growth_compares_both_sizes_of_both_encoders() -> None:
    growth = claim(kind="growth", more="factorized_*16+mask75", less="joint_*16")
    assert growth.variants() == (
        *("factorized_l16+mask75", "factorized_b16+mask75"),
        *("joint_l16", "joint_b16"),
    )


def test_conditions_have_names_of_their_own_and_a_second_batch() -> None:
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
