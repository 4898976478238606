"""Gradients and the first updates from the true start, for every encoder and every recipe.

No weight is moved beforehand: zeros and copies are what a training begins with, and hide or delay a
gradient. What has none in the first step, by design, is said in `FACTORS`.
"""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from tests.encoders.structures import MET, REST, STRUCTURES, make, some_captions, some_clips
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.probes.loss import info_nce
from vbench_mem.probes.train_step import adamw

RATE = 1e-3
SOME = [*MET, *(pytest.param(*each, marks=pytest.mark.slow) for each in REST)]
EPS = 1e-6  # CLIP's, arXiv:2103.00020, table of hyperparameters
# What a weight of the same module multiplies that starts at zero: LoRA's B, an adapter's `up`. Its
# gradient is zero until an update has moved that factor.
FACTORS = {"lora_a": "lora_b", "down": "up"}
# What stands behind the temporal attention of a layer, and may start at zero.
BEHIND_TIME = ("gate", "time_dense.weight", "time_attn.proj.weight")


def updates_before(name: str, weights: Mapping[str, Tensor]) -> int:
    """How many updates a weight waits for its first gradient: one for each zero in front of it.

    LoRA's A in an attention behind a gate waits for two: the gate has to move, and then B.
    """
    parts = name.split(".")
    waits = sum(part in FACTORS for part in parts)
    for place, part in enumerate(parts):
        if part in ("time_attn", "time_norm"):
            layer = ".".join(parts[:place])
            factors = [f"{layer}.{factor}" for factor in BEHIND_TIME]
            waits += sum(
                factor in weights
                and not weights[factor].any()
                and not name.startswith(factor.removesuffix("weight"))
                for factor in factors
            )
    return waits


def gradients(encoder: DualEncoder) -> dict[str, Tensor]:
    """Of the same batch every time, by name."""
    encoder.zero_grad(set_to_none=True)
    clips, captions = some_clips(encoder.video.spec), some_captions()
    video_BE, text_BE = encoder(clips, *captions)
    info_nce(encoder.similarity(video_BE, text_BE), encoder.logit_scale).backward()
    return {n: w.grad.clone() for n, w in encoder.named_parameters() if w.grad is not None}


@pytest.mark.parametrize(("name", "recipe"), SOME)
def test_each_weight_that_trains_learns_from_the_step_it_should_and_no_other_moves(
    name: str, recipe: str
) -> None:
    """Without weight decay, which would move a weight that learns nothing. Adam's first update is
    -rate * g / (|g| + eps), whatever its betas."""
    encoder = make(STRUCTURES[name], RECIPES[recipe])
    weights = dict(encoder.named_parameters())
    trained = {key: weight for key, weight in weights.items() if weight.requires_grad}
    waits = {key: updates_before(key, weights) for key in trained}
    start = {key: weight.detach().clone() for key, weight in weights.items()}
    group = {"params": list(trained.values()), "weight_decay": 0.0}
    optimizer = adamw([group], RATE, "foreach")
    for step in range(max(waits.values()) + 1):
        found = gradients(encoder)
        assert found.keys() == trained.keys()
        still = {key for key, gradient in found.items() if not gradient.any()}
        assert still == {key for key, updates in waits.items() if updates > step}
        optimizer.step()
        if step == 0:
            for key, gradient in found.items():
                expected = start[key] - RATE * gradient / (gradient.abs() + EPS)
                torch.testing.assert_close(weights[key].detach(), expected, atol=1e-7, rtol=1e-6)
    for key, weight in weights.items():
        assert torch.equal(weight, start[key]) != weight.requires_grad, key
