"""Predictions against torch's own tracker, and against closed forms."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.distributed._tools.mem_tracker import MemTracker

from tests.encoders.structures import load_for
from tests.probes.cells import RUNTIMES, cell_of
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.build import build
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.resolve import with_kind
from vbench_mem.probes.batch import noise
from vbench_mem.probes.closed_form import closed_form
from vbench_mem.probes.predict import CPU, predict, trace_once
from vbench_mem.probes.train_step import Trainer


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"encoder": "factorized_test", "dtype": "bfloat16"},
        {"encoder": "frame_attpool_test", "recipe": "mask75", "dtype": "bfloat16"},
        {"encoder": "tubevit_test", "checkpoint": True},
        {"encoder": "factorized_encoder_test", "attention": "math", "optimizer": "fused"},
        {"encoder": "factorized_dot_product_test", "optimizer": "loop"},
    ],
    ids=lambda fields: ", ".join(map(str, fields.values())) or "plain",
)
def test_a_prediction_equals_torchs_own_tracker(
    small_cell: Callable[..., Cell],
    make_trainer: Callable[[Cell], Trainer],
    fields: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Torch's tracker wants every weight to have a gradient, so all of them train here."""
    cell = small_cell(**({"frames": 16} | fields))

    def all_train(*of: object) -> torch.nn.Module:
        return build(*of).requires_grad_(True)  # type: ignore[arg-type]

    monkeypatch.setattr("vbench_mem.probes.fake_encoder.build", all_train)
    trainer = make_trainer(cell)
    trainer = Trainer(trainer.encoder.requires_grad_(True), cell, CPU)
    batch = noise(cell, CPU)
    trainer.step(batch)
    tracker = MemTracker()
    tracker.track_external(trainer.encoder, *batch.tensors(), *trainer.optimizer_state())
    with tracker:
        trainer.step(batch)
    theirs = sum(device["Total"] for device in tracker.get_tracker_snapshot("peak").values())
    assert predict(cell, "cpu").peak_bytes == theirs


def test_parameters_gradients_and_state_are_those_of_a_closed_form() -> None:
    """Float32 weights of 4 bytes, two moments each and one count of steps a weight."""
    cell = cell_of("joint_test", "full", RUNTIMES["float32"])
    encoder = build(cell.spec, cell.recipe, cell.load)
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    trained = sum(4 * weight.numel() for weight in weights)
    predicted = predict(cell, "cpu")
    assert predicted.categories["parameter"] == sum(4 * w.numel() for w in encoder.parameters())
    assert predicted.categories["optimizer"] == 2 * trained + 4 * len(weights)
    assert predicted.steady_bytes == (
        predicted.categories["parameter"]
        + predicted.categories["optimizer"]
        + predicted.categories["input"]
    )
    # foreach keeps the roots of all second moments, while gradients are still there
    assert predicted.phases["optimizer"] >= predicted.steady_bytes + 2 * trained


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_kept_activations_of_a_plain_block_equal_a_closed_form(dtype: str) -> None:
    """Two more layers keep twice what one pre-norm ViT block keeps for backward.

    By hand, for M tokens of width D and H heads: the residual stream and both normalised inputs,
    each norm's mean and root; queries, keys, values, the attention's output and its log-sum-exp;
    the hidden layer before and after its activation. Under autocast matrix inputs are half as wide.
    """
    small = cell_of("joint_test", "full", Runtime(device="cpu", dtype=dtype))
    two = replace(small.spec, tower=replace(small.spec.tower, depth=small.spec.tower.depth + 2))
    kept = [kept_by_forward(replace(small, spec=spec)) for spec in (small.spec, two)]
    tower, load = small.spec.tower, small.load
    side = small.spec.resolution_px // small.spec.patch_px
    tokens = load.batch * (load.frames // small.spec.tubelet_frames) * side * side
    width, hidden, heads = tower.width, tower.mlp, tower.heads
    product_bytes = 4 if dtype == "float32" else 2  # of what goes into and comes out of a product
    streams = 2 * 4 * width  # the residual stream before each norm
    norms = 2 * 2 * 4 + 2 * product_bytes * width  # mean and root; the normalised input
    attention = 4 * product_bytes * width + 4 * heads  # q, k, v, output; log-sum-exp
    feed_forward = 2 * product_bytes * hidden
    weights = 0
    if dtype == "bfloat16":  # matrices and their biases, cast once and kept
        matrices = 4 * width * width + 2 * width * hidden
        weights = 2 * matrices
    by_hand = tokens * (streams + norms + attention + feed_forward) + weights
    assert kept[1] - kept[0] == 2 * by_hand


def kept_by_forward(cell: Cell) -> int:
    trace = trace_once(cell, None)
    forward = next(span for span in trace.timeline.spans() if span.phase == "forward")
    held = trace.timeline.held_at(forward.stop)
    return sum(held[block] for block in trace.timeline.kept(forward))


@pytest.mark.parametrize(
    ("encoder", "recipe"), [("joint_b16", "mask75"), ("factorized_b16", "full")]
)
def test_its_flops_are_those_of_the_closed_form(encoder: str, recipe: str) -> None:
    """Of the whole batch; beside the towers only similarities of clips and captions multiply."""
    spec = ENCODERS[encoder].spec
    cell = Cell(
        encoder=encoder,
        recipe_name=recipe,
        spec=spec,
        recipe=with_kind(spec, RECIPES[recipe]),
        load=replace(load_for(spec), batch=3),
        runtime=Runtime(device="cpu", dtype="bfloat16"),
    )
    form, predicted = closed_form(cell), predict(cell, "cpu")
    similarities = 3 * 2 * 3 * 3 * spec.embed_dim  # forward, and one product for each side
    towers = 3 * (form.video.step.gflop + form.text.step.gflop) * 1e9
    assert predicted.flop - similarities == pytest.approx(towers, rel=1e-12)
    embed = 3 * (form.embed.gflop + form.text.forward.gflop) * 1e9
    assert predicted.embed_flop == pytest.approx(embed, rel=1e-12)


def test_modules_sum_up_to_the_peak_and_are_named() -> None:
    predicted = predict(cell_of("joint_test", "full", RUNTIMES["float32"]), "cpu")
    held = sum(size for module in predicted.modules.values() for size in module.values())
    assert held == predicted.peak_bytes == sum(predicted.terms.values())
    hidden = 2 * 4 * 16 // 2 * 16 * 96 * 4  # clips x layers x tokens x hidden width x float32
    assert predicted.modules["video.blocks.*.mlp.act"]["activation"] == hidden
