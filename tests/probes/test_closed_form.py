"""The closed forms equal torch's counter to the last FLOP, for every family and every recipe."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.probes.tiny import RECIPES, TEXT, TINY, flop
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.divided import Divided
from vbench_mem.encoders.families.factorized_encoder import FactorizedEncoder
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.operations import attend
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import TEXT_SIZES, VIDEO_SIZES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.variants import check_variant
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.closed_form import closed_form
from vbench_mem.probes.torch_count import count_torch
from vbench_mem.probes.walk import Layer, Walk, Work

RECOMPUTED = ("full", "adapter", "mask50_lora", "last1")  # and without checkpointing too
# of those two, from family to family, one in every run of the tests; both when asked for
ASKED = {
    f"{family}-{name}{'-checkpoint' if (place + number) % 2 else ''}"
    for place, family in enumerate(dict.fromkeys(row.family for row in ENCODERS.values()))
    for number, name in enumerate(RECOMPUTED)
}
TWISTS: dict[str, Spec] = {
    "joint_class": Joint(class_token=True, pooling="class", pre_norm=True),
    "joint_attpool": Joint(class_token=True, pooling="attention"),
    "factorized_encoder_class": FactorizedEncoder(
        class_token=True, pooling="class", temporal_depth=2
    ),
    "factorized_encoder_attpool": FactorizedEncoder(pooling="attention", temporal_depth=1),
    "frame_class_attpool": FrameLevel(class_token=True, pooling="attention"),
    "sinusoidal": Joint(positions="sinusoidal", tubelet_frames=4),
    "divided_class": Divided(class_token=True, pooling="class"),
    "frozen_in_time": Divided(style="frozen_in_time"),
    "frozen_in_time_class": Divided(style="frozen_in_time", class_token=True, pooling="class"),
}


def small(spec: Spec) -> Spec:
    """The same encoder with few layers, and different values for all sizes in the counts."""
    return replace(spec, tower=TINY, text=TEXT, embed_dim=10)


def cell_of(spec: Spec, recipe: Recipe, runtime: Runtime, **load: object) -> Cell:
    shape = Load(**{"frames": 16, "batch": 3, "resolution_px": 64, "caption_tokens": 7, **load})  # type: ignore[arg-type]
    return Cell(
        encoder="mine", recipe_name="mine", spec=spec, recipe=recipe, load=shape, runtime=runtime
    )


def cells() -> Iterator[tuple[str, Cell]]:
    """Every family with every recipe, plain and checkpointed; every twist; the math kernel."""
    families = {row.family: row.spec for row in ENCODERS.values() if row.name.endswith("_test")}
    plain, again, math = Runtime(), Runtime(checkpoint=True), Runtime(attention="math")
    for family, spec in families.items():
        for name, recipe in RECIPES.items():
            for runtime in (plain, again) if name in RECOMPUTED else (plain,):
                kind = "-checkpoint" if runtime.checkpoint else ""
                yield f"{family}-{name}{kind}", cell_of(small(spec), recipe, runtime)
        yield f"{family}-math", cell_of(small(spec), Recipe(), math)
    for name, spec in TWISTS.items():
        for recipe in ("mask50", "lora", "last1"):
            yield f"{name}-{recipe}", cell_of(small(spec), RECIPES[recipe], again)


def makes_sense(cell: Cell) -> bool:
    try:
        check_variant(cell.spec, cell.recipe, cell.load)
    except UsageError:
        return False
    return True


CELLS = {name: cell for name, cell in cells() if makes_sense(cell)}
PARAMS = [
    pytest.param(cell, id=name, marks=[pytest.mark.slow] if name in ASKED else [])
    for name, cell in CELLS.items()
]


@pytest.mark.parametrize("cell", PARAMS)
def test_closed_form_equals_torchs_counter(cell: Cell) -> None:
    closed, counted = closed_form(cell), count_torch(cell)
    assert flop(closed.video.forward) == flop(counted["video"].forward)
    assert flop(closed.video.backward) == flop(counted["video"].backward)
    assert flop(closed.text.forward) == flop(counted["text"].forward)
    assert flop(closed.text.backward) == flop(counted["text"].backward)
    assert flop(closed.embed) == flop(counted["embed"].forward)
    assert counted["embed"].backward == {}


def test_every_layout_and_recipe_is_covered() -> None:
    layouts = {cell.spec.layout for cell in CELLS.values()}
    assert layouts == {row.spec.layout for row in ENCODERS.values()}
    trained = {(cell.spec.layout, cell.recipe.train) for cell in CELLS.values()}
    temporal = {row.spec.layout for row in ENCODERS.values() if row.spec.weights.temporal}
    assert {layout for layout, train in trained if train == "temporal_only"} == temporal
    assert len(trained) == 4 * len(layouts) + len(temporal)


def test_vit_b_at_1568_tokens_by_hand() -> None:
    spec = Joint(tower=VIDEO_SIZES["B"], text=Text(tower=TEXT_SIZES["medium"]), embed_dim=512)
    cell = cell_of(spec, Recipe(), Runtime(), frames=16, resolution_px=224)
    tokens, width = 8 * 14 * 14, 768
    patches = tokens * (3 * 2 * 16 * 16) * width
    layer = tokens * width * (3 * width + width + 4 * width + 4 * width)
    scores_and_values = 2 * tokens * tokens * width
    forward = closed_form(cell).video.forward
    assert tokens == 1568
    assert forward.products == patches + 12 * layer + width * 512
    assert forward.attention == 12 * scores_and_values
    assert forward.gflop / 2 == pytest.approx(180.345, abs=5e-4)
    assert forward.products / 1e9 == pytest.approx(135.028, abs=5e-4)


def test_a_full_step_is_three_forwards_but_for_the_pixels_gradient_and_the_recomputed_scores() -> (
    None
):
    cell = cell_of(small(Joint()), Recipe(), Runtime())
    video = closed_form(cell).video
    pixels = 8 * 16 * (3 * 2 * 16 * 16) * TINY.width
    assert video.step.products == 3 * video.forward.products - pixels
    assert 2 * video.step.attention == 7 * video.forward.attention


def test_math_attention_goes_back_at_twice_its_forward() -> None:
    video = closed_form(cell_of(small(Joint()), Recipe(), Runtime(attention="math"))).video
    assert video.backward.attention == 2 * video.forward.attention


def test_a_frozen_front_has_no_backward() -> None:
    spec = replace(small(Joint()), tower=replace(TINY, depth=8))
    short = closed_form(cell_of(small(Joint()), RECIPES["last1"], Runtime())).video
    long = closed_form(cell_of(spec, RECIPES["last1"], Runtime())).video
    assert long.backward == short.backward
    assert long.forward.products > short.forward.products


def test_frozen_weights_cost_no_gradient() -> None:
    walk = Walk(checkpoint=False, live=True)
    walk.product(2, 3, 5, trains=False)
    assert walk.backward == Work(products=2 * 3 * 5)
    walk.product(2, 3, 5, trains=True)
    assert walk.backward == Work(products=3 * 2 * 3 * 5)


def test_checkpointing_adds_one_forward_of_the_layers_less_each_ones_last_product() -> None:
    plain = closed_form(cell_of(small(Joint()), Recipe(), Runtime())).video
    again = closed_form(cell_of(small(Joint()), Recipe(), Runtime(checkpoint=True))).video
    layer, walk = Layer(tower=TINY, trains=True), Walk(checkpoint=False)
    layer.run(walk, attend(1, 128))
    layer.feed_forward(walk, 128)
    last = Work(products=128 * TINY.mlp * TINY.width)
    one = walk.forward - last
    assert again.recomputed - plain.recomputed == one + one
    assert again.backward - plain.backward == one + one
    math = closed_form(cell_of(small(Joint()), Recipe(), Runtime(attention="math"))).video
    assert plain.backward - plain.recomputed == math.backward
    assert math.recomputed == Work()


def test_an_embedding_run_is_counted_without_its_mask() -> None:
    run = cell_of(small(Joint()), RECIPES["mask50"], Runtime(), mode="embed")
    train = cell_of(small(Joint()), RECIPES["mask50"], Runtime())
    assert closed_form(run).video.forward == closed_form(train).embed
    assert closed_form(train).video.forward.products < closed_form(train).embed.products
