"""CLIP's and SigLIP's towers: three counts agree, and a prediction is what is measured."""

from dataclasses import replace

import pytest

from tests.probes.against_measured import check_equal
from tests.probes.tiny import RECIPES, TINY, flop
from tests.weights.pairs import CLIP, SIGLIP
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.factorized_encoder import FactorizedEncoder
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.closed_form import closed_form
from vbench_mem.probes.flops import count_flops
from vbench_mem.probes.predict import predict
from vbench_mem.probes.torch_count import count_torch

SPECS: dict[str, Spec] = {
    "clip": CLIP,
    "siglip": SIGLIP,
    "joint map": Joint(tower=TINY, text=SIGLIP.text, embed_dim=10, pooling="map"),
    "factorized map": FactorizedEncoder(
        tower=TINY, text=CLIP.text, embed_dim=10, pooling="map", temporal_depth=1
    ),
}


def cell_of(name: str, recipe: Recipe, runtime: Runtime) -> Cell:
    spec = SPECS[name]
    load = Load(frames=4, batch=2, resolution_px=64, caption_tokens=spec.text.max_tokens)
    return Cell(
        encoder=name, recipe_name="mine", spec=spec, recipe=recipe, load=load, runtime=runtime
    )


@pytest.mark.parametrize(("name", "recipe"), [("joint map", "lora"), ("factorized map", "last1")])
def test_closed_form_of_a_head_of_attention_equals_torchs_counter(name: str, recipe: str) -> None:
    cell = cell_of(name, RECIPES[recipe], Runtime(checkpoint=True))
    closed, counted = closed_form(cell), count_torch(cell)
    assert flop(closed.video.forward) == flop(counted["video"].forward)
    assert flop(closed.video.backward) == flop(counted["video"].backward)
    assert flop(closed.embed) == flop(counted["embed"].forward)


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_three_counts_agree(name: str) -> None:
    details = count_flops(cell_of(name, Recipe(), Runtime())).details["flops"]
    assert details["disagreement"] == []
    ratios = [ratio for each in details["agreement"].values() for ratio in each.values()]
    assert ratios == pytest.approx([1.0] * 7, abs=1e-9)


def test_a_prediction_equals_the_measured_peak_to_the_byte() -> None:
    cell = cell_of("siglip", Recipe(), Runtime(device="cpu"))
    check_equal(predict(cell, "cpu"), cell)


def test_repeated_layers_and_a_card_are_predicted_too() -> None:
    deep = replace(CLIP.text, tower=replace(CLIP.text.tower, depth=6))
    cell = cell_of("clip", Recipe(), Runtime(device="cpu", dtype="bfloat16"))
    cell = replace(cell, spec=replace(CLIP, text=deep))
    check_equal(predict(cell, "cpu"), cell)
    assert predict(cell, "cuda").peak_bytes > predict(cell, "cpu").peak_bytes / 2
