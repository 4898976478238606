"""Prediction against measurement to the byte; repeated layers against the full trace."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from tests.encoders.structures import STRUCTURES, VARIANTS, kind_of, load_for
from tests.probes.against_measured import check_equal
from tests.probes.cells import EVERY, FEW, MET_CELLS, REST_CELLS, RUNTIMES, cell_of, deep
from vbench_mem.base.errors import Unsupported
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.predict import device_of, predict, trace_once
from vbench_mem.probes.predict import summarise as predicted_of
from vbench_mem.probes.prediction import Target, load
from vbench_mem.probes.repeat import LayersDiffer, Repeat, repeat
from vbench_mem.probes.shorten import shorten


def test_every_run_meets_each_family_with_each_kind_of_recipe_and_each_runtime() -> None:
    layouts = {name: spec.layout for name, spec in STRUCTURES.items()}
    met = {(layouts[name], kind_of(recipe)) for name, recipe, _ in MET_CELLS}
    assert met == {(layouts[name], kind_of(recipe)) for name, recipe in VARIANTS}
    runtimes = {(layouts[name], runtime) for name, _, runtime in MET_CELLS}
    assert runtimes == {*product(set(layouts.values()), RUNTIMES)}
    assert {name for name, _, _ in MET_CELLS} == set(STRUCTURES)
    assert {recipe for _, recipe, _ in MET_CELLS} == {recipe for _, recipe in VARIANTS}
    every = ((name, recipe) for name, recipe, _ in (*MET_CELLS, *REST_CELLS))
    assert sorted(every) == sorted(VARIANTS)


@pytest.mark.parametrize(("encoder", "recipe", "runtime"), EVERY)
def test_a_prediction_equals_the_measured_peak_to_the_byte(
    encoder: str, recipe: str, runtime: str
) -> None:
    cell = cell_of(encoder, recipe, RUNTIMES[runtime])
    check_equal(predict(cell, "cpu"), cell)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_predicted_embedding_equals_the_measured_one(runtime: str) -> None:
    cell = cell_of("joint_test", "mask75", RUNTIMES[runtime], mode="embed")
    predicted = predict(cell, "cpu")
    check_equal(predicted, cell)
    assert predicted.peak_phase == "embed"
    assert predicted.flop == predicted.embed_flop


@pytest.mark.parametrize(("encoder", "recipe", "runtime"), FEW)
def test_repeated_layers_equal_the_full_trace(encoder: str, recipe: str, runtime: str) -> None:
    cell = deep(cell_of(encoder, recipe, RUNTIMES[runtime]))
    short, repeats = shorten(cell)
    assert [each.path for each in repeats] == ["text.blocks", "video.blocks"]
    assert short.spec.tower.depth < cell.spec.tower.depth
    target: Target = "cuda" if runtime in ("bfloat16", "float16") else "cpu"
    device = device_of(target)
    whole, repeated = trace_once(cell, device), repeat(trace_once(short, device), repeats)
    for theirs, ours in zip(whole.timeline.spans(), repeated.timeline.spans(), strict=True):
        if theirs.phase != "optimizer":  # where the first step makes its state, value by value
            events = whole.timeline.changes[theirs.start : theirs.stop]
            repeats_of = repeated.timeline.changes[ours.start : ours.stop]
            assert sorted(repeats_of) == sorted(events)  # autocast's weights go in any order
    assert predicted_of(repeated, device) == predicted_of(whole, device)


def test_layers_that_are_not_alike_are_refused() -> None:
    cell = deep(cell_of("joint_test", "last4", RUNTIMES["float32"]))
    trace = trace_once(cell, None)
    # the first layer that trains keeps what the one below does not
    with pytest.raises(LayersDiffer):
        repeat(trace, [Repeat(path="video.blocks", layer=4, copies=3)])


def test_a_prediction_survives_json(make_cell: Callable[..., Cell]) -> None:
    predicted = predict(make_cell(), "cpu")
    assert load(predicted.dump()) == predicted


def test_a_compiled_step_is_not_predicted(make_cell: Callable[..., Cell]) -> None:
    with pytest.raises(Unsupported, match="compiled step is not predicted"):
        predict(make_cell(runtime=Runtime(device="cpu", compile=True)), "cpu")


def test_256_frames_of_the_largest_encoder_are_predicted_without_allocating_them() -> None:
    largest = max(ENCODERS.values(), key=lambda row: row.params)
    cell = Cell(
        encoder=largest.name,
        recipe_name="full",
        spec=largest.spec,
        recipe=RECIPES["full"],
        load=replace(load_for(largest.spec), frames=256, batch=64, resolution_px=224),
        runtime=Runtime(device="cpu", dtype="bfloat16"),
    )
    assert predict(cell, "cpu").peak_bytes > 2**40  # a TiB on a machine that has no such thing


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "checkpoint"), list(product(["joint_b16", "joint_l16"], [False, True]))
)
def test_real_sizes_repeated_equal_the_full_trace(encoder: str, checkpoint: bool) -> None:
    spec = ENCODERS[encoder].spec
    runtime = Runtime(device="cpu", dtype="bfloat16", checkpoint=checkpoint)
    cell = replace(
        cell_of("joint_test", "full", runtime), spec=spec, load=replace(load_for(spec), frames=64)
    )
    assert predict(cell, "cpu") == predict(cell, "cpu", whole=True)
