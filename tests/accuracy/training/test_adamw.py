"""A stage's updates against AdamW written out: its rates, and what decays of every encoder."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.accuracy.training.made import stage
from tests.encoders.structures import STRUCTURES, make
from tests.slow_adamw import slow_adamw, tiny_gradient
from vbench_mem.accuracy.training.feed import StepBatches
from vbench_mem.accuracy.training.losses import Loss
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.accuracy.training.updates import groups
from vbench_mem.encoders.adapt import LoRALinear
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.recipes import RECIPES

STEPS, DECAY, RATE = 4, 0.3, 1e-2
RATES = (RATE / 2, RATE, RATE, RATE / 2)  # two steps of warm-up, then half a cosine of two


def decaying(encoder: DualEncoder) -> set[str]:
    """By the kind of the module that owns it: matrices, low-rank ones too, and word vectors."""
    names = {"text.words.weight"}
    for path, module in encoder.named_modules():
        if isinstance(module, nn.Linear):
            names.add(f"{path}.weight")
        if isinstance(module, LoRALinear):
            names |= {f"{path}.lora_a", f"{path}.lora_b"}
    return names


@pytest.mark.parametrize("recipe", ["full", "lora8", "adapter16"])
@pytest.mark.parametrize("encoder", STRUCTURES)
def test_matrices_and_word_vectors_decay_and_nothing_else(encoder: str, recipe: str) -> None:
    module, loss = make(STRUCTURES[encoder], RECIPES[recipe]), Loss("sigmoid")
    owned = [*module.named_parameters(), *loss.named_parameters(prefix="loss")]
    names = {id(weight): name for name, weight in owned}
    with_decay, without = groups(module, loss, DECAY)
    assert (with_decay["weight_decay"], without["weight_decay"]) == (DECAY, 0.0)
    trained = {name for name, weight in owned if weight.requires_grad}
    found = {names[id(weight)] for weight in with_decay["params"]}
    assert found == decaying(module) & trained
    assert {names[id(weight)] for weight in without["params"]} == trained - found
    assert "loss.bias" in trained - found


@pytest.mark.parametrize("encoder", ["joint_test", "factorized_test"])
def test_a_stage_is_adamw_with_clips_betas_and_eps_and_its_own_decay(
    make_encoder: Callable[..., DualEncoder],
    make_stepper: Callable[..., Stepper],
    encoder: str,
) -> None:
    made = stage(steps=STEPS, warmup=2, learning_rate=RATE, weight_decay=DECAY)
    stepper = make_stepper(made, make_encoder(encoder))
    module = stepper.encoder.double()
    steps = iter(range(STEPS))

    def gradients(_: StepBatches) -> Tensor:
        step = next(steps)
        for weight in module.parameters():
            weight.grad = tiny_gradient(weight, step) if weight.requires_grad else None
        return torch.zeros(())

    stepper.gradients = gradients  # type: ignore[method-assign]
    starts = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    for number in range(STEPS):
        stepper.step(StepBatches(clips=None, images=None), number)
        assert all(weight.grad is None for weight in module.parameters())
    decays = decaying(module)
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            given = [tiny_gradient(weight, step).flatten()[:40] for step in range(STEPS)]
            decay = DECAY if name in decays else 0.0
            expected = slow_adamw(starts[name].flatten()[:40], given, RATES.__getitem__, decay)
            torch.testing.assert_close(
                weight.detach().flatten()[:40], expected, atol=1e-13, rtol=1e-11
            )
