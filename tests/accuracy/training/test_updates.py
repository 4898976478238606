"""Learning rates by hand, weight decay by weight, and curves of few points."""

import math
from collections.abc import Callable

import pytest

from tests.accuracy.training.made import stage
from vbench_mem.accuracy.training.curve import POINTS, CurveWriter
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.updates import decays, groups, learning_rate
from vbench_mem.encoders.dual import DualEncoder


def test_the_rate_grows_linearly_then_falls_along_a_cosine() -> None:
    made = stage(steps=10, warmup=4, learning_rate=0.8)
    rates = [learning_rate(made, step) for step in range(11)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8])
    assert rates[7] == pytest.approx(0.4)  # half way down
    assert rates[8] == pytest.approx(0.4 * (1 + math.cos(math.pi * 4 / 6)))
    assert rates[10] == pytest.approx(0)


def test_a_constant_rate_stays_after_its_warm_up() -> None:
    made = stage(steps=6, warmup=2, learning_rate=0.5, schedule="constant")
    assert [learning_rate(made, step) for step in range(6)] == [0.25, 0.5, 0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("encoder", ["joint_test", "factorized_encoder_test", "frame_attpool_test"])
def test_only_matrices_and_word_vectors_decay(
    make_encoder: Callable[..., DualEncoder], encoder: str
) -> None:
    module, loss = make_encoder(encoder), Loss("sigmoid")
    decaying, others = groups(module, loss, 0.1)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    names = {id(weight): name for name, weight in module.named_parameters()}
    names[id(loss.bias)] = "bias"
    kept = {names[id(weight)] for weight in others["params"]}
    assert {"logit_scale", "bias", "video.positions", "text.places.weight"} <= kept
    assert all(weight.ndim == 2 for weight in decaying["params"])
    decayed = {names[id(weight)] for weight in decaying["params"]}
    assert {"text.words.weight", "video.embed.weight", "video.blocks.0.attn.qkv.weight"} <= decayed
    assert not any("norm" in name or "query" in name or "positions" in name for name in decayed)
    assert len(decayed) + len(kept) == sum(w.requires_grad for w in module.parameters()) + 1


def test_a_class_token_does_not_decay(make_encoder: Callable[..., DualEncoder]) -> None:
    weight = make_encoder().video.blocks[0].attn.qkv.weight
    assert decays("video.blocks.0.attn.qkv.weight", weight)
    assert not decays("video.class_token", weight) and not decays("video.pool.query", weight)


def test_a_short_curve_has_every_step() -> None:
    writer = CurveWriter(3)
    for loss, norm in [(3.0, 1.0), (2.0, None), (1.0, 0.5)]:
        writer.add(loss, norm)
    curve = writer.curve()
    assert (curve.every, curve.losses) == (1, (3.0, 2.0, 1.0))
    assert curve.gradient_norms == (1.0, None, 0.5)


def test_a_long_curve_has_means_of_equally_many_steps_and_loses_none() -> None:
    steps = 2 * POINTS + 5
    writer = CurveWriter(steps)
    for step in range(steps):
        writer.add(float(step), None if step % 3 else 2.0)
    curve = writer.curve()
    assert curve.every == 3
    assert curve.losses[:2] == (1.0, 4.0)
    assert len(curve.losses) == math.ceil(steps / 3) <= POINTS
    assert curve.losses[-1] == steps - 1.5 if steps % 3 == 2 else steps - 1
    assert curve.gradient_norms[0] == 2.0
    assert writer.curve() == curve  # asking changes nothing
