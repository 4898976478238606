"""Loads, combinations and settings that make no sense are refused, with what to write instead."""

import dataclasses
from collections.abc import Callable

import pytest

from tests.encoders.structures import SMALL, STRUCTURES, load_for, make
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.build import build
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.factorized import Factorized
from vbench_mem.encoders.families.factorized_encoder import FactorizedEncoder
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.families.tubevit import TubeViT
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.text_spec import TEXT_TEST, Text
from vbench_mem.encoders.variants import check_variant


def test_a_tube_without_tokens_is_named() -> None:
    tubes = (*TubeViT().tubes[:1], dataclasses.replace(TubeViT().tubes[1], offset=(4, 8, 8)))
    with pytest.raises(UsageError, match=r"tube 2 \(kernel 16x4x4, offset 4,8,8\) yields no token"):
        make(TubeViT(tower=SMALL, text=TEXT_TEST, resolution_px=64, tubes=tubes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 15}, "frames 15 is not a multiple of tubelet_frames 2; nearest: 14"),
        ({"resolution_px": 70}, "resolution_px 70 is not a multiple of patch_px 16; nearest: 64"),
        ({"caption_tokens": 600}, "caption_tokens 600 is more than the caption tower's 512"),
    ],
)
def test_loads_that_do_not_fit_are_refused_with_the_nearest_that_does(
    change: dict[str, int], message: str
) -> None:
    spec = STRUCTURES["joint_test"]
    with pytest.raises(UsageError, match=message):
        build(spec, RECIPES["full"], dataclasses.replace(load_for(spec), **change))


@pytest.mark.parametrize(
    ("spec", "recipe", "message"),
    [
        (Joint(), RECIPES["temporal_only"], "joint encoders have none"),
        (Factorized(), Recipe(mask=0.5, mask_kind="random"), "use tube or frame"),
        (TubeViT(), Recipe(mask=0.5, mask_kind="tube"), "use random"),
        (Joint(), Recipe(train="last_k", blocks=13), "more than the encoder's 12 layers"),
        (Joint(), Recipe(mask=0.99, mask_kind="frame"), "keeps no token"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(
    spec: Spec, recipe: Recipe, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_variant(spec, recipe, load_for(spec))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Recipe(mask=1.0), "mask must be at least 0 and below 1, got 1.0"),
        (lambda: Recipe(train="lora"), "train: lora needs lora_rank, a positive whole number"),
        (
            lambda: Recipe(train="lora", lora_rank=4, lora_alpha=0.0),
            "lora_alpha must be positive, got 0.0",
        ),
        (lambda: FactorizedEncoder(temporal_depth=0), "temporal_depth must be at least 1, got 0"),
        (lambda: Text(vocab=0), "text.vocab must be positive"),
        (lambda: Joint(norm_eps=0.0), "norm_eps must be positive, got 0.0"),
        (lambda: Recipe(lora_rank=4), "lora_rank goes with train: lora, not with train: full"),
        (lambda: Recipe(mask_kind="tube"), "mask_kind without mask"),
        (lambda: Factorized(class_token=True), "Factorized cannot carry a class token"),
        (lambda: Joint(pooling="class"), "pooling: class needs class_token: true"),
        (lambda: FrameLevel(tubelet_frames=2), "use tubelet_frames: 1"),
        (lambda: TubeViT(positions="learned"), "tubevit needs positions: sinusoidal"),
    ],
)
def test_a_wrong_setting_cannot_be_constructed(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_misspelt_setting_cannot_be_constructed() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'towr'"):
        Text(towr=SMALL)  # type: ignore[call-arg]
