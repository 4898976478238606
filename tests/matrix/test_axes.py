"""The settings of a matrix: every field is one, each is checked, and a cell has them as facts."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tube import Tube
from vbench_mem.matrix import axes
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.conditions import canonical_fact, check_when, matches
from vbench_mem.matrix.resolve import resolve

Maker = Callable[..., Cell]


def test_every_field_of_a_spec_recipe_load_and_runtime_can_be_an_axis() -> None:
    for kind in (*get_args(Spec), Recipe, Load, Runtime):
        for field in fields(kind):
            if field.name not in axes.INTERNAL:
                assert axes.canonical(field.name) in axes.SETTINGS, field.name
    for field in fields(Tower):
        assert f"tower.{field.name}" in axes.SETTINGS
        assert f"text.tower.{field.name}" in axes.SETTINGS
    for field in fields(Text):
        if field.name not in axes.INTERNAL:
            assert f"text.{field.name}" in axes.SETTINGS


# a value of each setting that differs from the joint test encoder's (or of the encoder it needs)
OTHER = {
    "frames": 8, "batch": 3, "resolution_px": 32, "caption_tokens": 16, "mode": "embed",
    "input": "noise", "clips": "generated", "fps": 2.0, "device": "cuda:1", "dtype": "float16",
    "attention": "math", "checkpoint": True, "compile": True, "optimizer": "fused", "threads": 1,
    "mask": 0.5, "embed_dim": 32, "spec.resolution_px": 128, "patch_px": 32, "tubelet_frames": 4,
    "patch_bias": False, "inflation": "repeat", "positions": "sinusoidal", "class_token": True,
    "pre_norm": True, "activation": "quick_gelu", "norm_eps": 1e-5, "pooling": "attention",
    "text.tokenizer": "bytes", "text.vocab": 300,
    "text.max_tokens": 64, "tower.width": 64, "tower.depth": 3, "tower.heads": 2, "tower.mlp": 64,
    "text.tower.width": 32, "text.tower.depth": 1, "text.tower.heads": 1, "text.tower.mlp": 64,
    "tower": VIDEO_SIZES["S"], "text": Text(vocab=99), "text.tower": VIDEO_SIZES["Ti"],
    "size": "S", "text_size": "mini", "text.causal": True, "text.feature": "end",
    "text.activation": "quick_gelu", "text.norm_eps": 1e-5, "text.embed_norm": False,
    "text.head_bias": True,
    "tubes": (Tube(kernel=(4, 8, 8), stride=(4, 16, 16)),),
}  # fmt: skip
RECIPES_OF = {
    "mask_kind": {"mask": 0.5, "mask_kind": "tube"},
    "train": {"recipe": "adapter64", "train": "full", "adapter_width": None},
    "adapter_width": {"recipe": "adapter64", "adapter_width": 8},
    "lora_rank": {"recipe": "lora8", "lora_rank": 4},
    "lora_alpha": {"recipe": "lora8", "lora_alpha": 4.0},
    "blocks": {"recipe": "last4", "blocks": 1},
    "train_text": {"train_text": False},
    # hashed here, and never opened
    "text.tokenizer_file": {"text.tokenizer": "file", "text.tokenizer_file": __file__},
}


def encoder_with(path: str) -> str:
    """The first small encoder that has the setting: one of a family's own is in no other."""
    names = [name for name in ENCODERS if name.endswith("_test")]
    own = [name for name in names if hasattr(ENCODERS[name].spec, path)]
    return own[0] if axes.SETTINGS[path].section == "spec" and own else names[0]


def another_value(encoder: str, path: str) -> object:
    """Of a family's own setting: another of its words, or a number one higher."""
    spec = ENCODERS[encoder].spec
    value, hint = getattr(spec, path), get_type_hints(type(spec))[path]
    words = [word for word in get_args(hint) if word != value]
    return words[0] if words else value + 1


@pytest.mark.parametrize("path", [p for p in axes.SETTINGS if axes.SETTINGS[p].section != "name"])
def test_setting_an_axis_changes_that_fact_and_the_id(path: str, tmp_path: Path) -> None:
    encoder = encoder_with(path)
    if path in RECIPES_OF:
        given = RECIPES_OF[path]
    else:
        given = {path: OTHER[path] if path in OTHER else another_value(encoder, path)}
    base = {"encoder": encoder, "frames": 4, "batch": 2, "recipe": given.get("recipe", "full")}
    if path == "fps":
        base["clips"] = "generated"  # of noise nothing is sampled
    plain = resolve(base, Protocol(), tmp_path)
    changed = resolve(base | given, Protocol(), tmp_path)
    if path != "input":  # noise is what it was
        assert changed.id != plain.id
    known = axes.facts(changed)
    if path in known:
        assert known[path] == given[path]


def test_a_changed_encoder_has_another_name_than_the_tables_row(tmp_path: Path) -> None:
    base = {"encoder": "joint_test", "frames": 4, "batch": 2}
    same = resolve(base | {"patch_px": 16}, Protocol(), tmp_path)
    coarse = resolve(base | {"patch_px": 32}, Protocol(), tmp_path)
    assert (same.variant, coarse.variant) == ("joint_test", "joint_test,patch_px=32")
    assert axes.facts(coarse)["encoder"] == "joint_test"


def test_a_leaf_that_two_paths_end_in_is_refused_with_both() -> None:
    with pytest.raises(UsageError, match=r"tower\.width or text\.tower\.width"):
        axes.canonical("width")
    assert axes.canonical("vocab") == "text.vocab"


@pytest.mark.parametrize(
    ("mistake", "word"),
    [("masks", "mask"), ("resolution", "resolution_px"), ("tower.dept", "tower.depth"),
     ("encoders", "encoder"), ("recipies", "recipe"), ("sizes", "size")],
)  # fmt: skip
def test_a_misspelt_axis_is_answered_with_the_nearest_name(mistake: str, word: str) -> None:
    with pytest.raises(UsageError, match=rf"did you mean {word}\?"):
        axes.canonical(mistake)


@pytest.mark.parametrize("leaf", sorted(axes.INTERNAL))
def test_what_follows_from_something_else_cannot_be_set(leaf: str) -> None:
    with pytest.raises(UsageError, match="no axis called"):
        axes.canonical(leaf)


def test_a_protocol_field_belongs_under_protocol() -> None:
    with pytest.raises(UsageError, match="write it under protocol"):
        axes.canonical("warmup")
    assert canonical_fact("warmup") == "warmup"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("batch", True, "true is not a whole number"),
        ("batch", "8", "'8' is not a whole number but text"),
        ("batch", 1.5, "1.5 is not a whole number"),
        ("frames", 0, "greater than or equal to 1"),
        ("checkpoint", 1, "1 is not true or false"),
        ("dtype", "bf16", "did you mean bfloat16?"),
        ("encoder", "joint_b61", "no encoder called 'joint_b61'; did you mean joint_b16?"),
        ("recipe", "mask57", "no recipe called 'mask57'; did you mean mask75?"),
        ("encoder", "joint_b16+mask75", "write it under variant"),
        ("device", "gpu", "write auto, cpu, cuda or cuda:0"),
        ("tower", {"width": 4}, "depth: is missing"),
        ("tubes", [{"kernl": [1, 1, 1], "stride": [1, 1, 1]}], "did you mean kernel?"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        axes.check_value(path, value)
    assert message in str(caught.value)


def test_a_whole_number_may_stand_for_a_share() -> None:
    value = axes.check_value("mask", 0)
    assert value == 0.0 and isinstance(value, float)


def test_conditions_distinguish_true_from_1(make_cell: Maker) -> None:
    known = axes.facts(make_cell(batch=1, runtime=Runtime(checkpoint=True)))
    assert matches(known, check_when({"batch": 1, "checkpoint": True}))
    assert not matches(known, {"batch": [True]})
    assert not matches(known, {"checkpoint": [1]})


def test_conditions_want_all_names_and_any_value(make_cell: Maker) -> None:
    known = axes.facts(make_cell(recipe="mask75"))
    assert matches(known, check_when({"recipe": ["full", "mask75"], "mask": 0.75}))
    assert not matches(known, check_when({"recipe": "mask75", "frames": 8}))
    assert matches(known, check_when({"family": "joint", "warmup": 1, "vocab": 1024}))


def test_a_mistake_in_a_condition_is_refused() -> None:
    for when, message in (
        ({"famly": "joint"}, "did you mean family?"),
        ({"encoder": "joint_b61"}, "did you mean joint_b16?"),
        ({"frames": []}, "empty list"),
    ):
        with pytest.raises(UsageError) as caught:
            check_when(when)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("joint_tset", "no encoder called 'joint_tset'; did you mean joint_test?"),
        ("joint_test+mask57", "no recipe called 'mask57'; did you mean mask75?"),
        ("joint_tset,patch_px=32", "did you mean joint_test?"),
        ("joint_test,patch_px=23", "did you mean joint_test,patch_px=32?"),
        (
            "joint test",
            f"'joint test' is not a variant; write it like {axes.EXAMPLE_ENCODER}+mask75",
        ),
        ({"encoder": "joint_test"}, "is not a variant; write it like"),
    ],
)
def test_a_misspelt_variant_in_a_condition_is_refused(variant: object, says: str) -> None:
    cells = {"joint_test,patch_px=32", "joint_test+full,mask=0.6"}
    with pytest.raises(UsageError) as caught:
        check_when({"variant": variant}, cells)
    assert says in str(caught.value)


def test_variants_of_the_tables_and_of_the_cells_may_stand_in_a_condition() -> None:
    cells = ["joint_test,patch_px=32", "joint_test+full,mask=0.6", "joint_test+full,lr=1e-05"]
    known = ["joint_b16", "joint_b16+mask75", *cells]
    assert check_when({"variant": known}, cells) == {"variant": known}
    assert check_when({"variant": known}) == {"variant": known}
