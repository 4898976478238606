"""The burst's optimiser against AdamW written out, with gradients so small that eps counts."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.slow_adamw import CLIP_WEIGHT_DECAY, slow_adamw, tiny_gradient
from vbench_mem.base.load import Optimizer
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.train_step import Trainer, adamw

STEPS, RATE = 6, 1e-2


def check_close(weight: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(weight.detach(), expected, atol=1e-13, rtol=1e-11)


@pytest.mark.parametrize("how", ["foreach", "fused", "loop"])
def test_every_implementation_is_adamw_with_clips_constants(how: Optimizer) -> None:
    torch.manual_seed(0)
    decaying = nn.Parameter(torch.randn(5, 3, dtype=torch.float64))
    other = nn.Parameter(torch.randn(4, dtype=torch.float64))
    starts = decaying.detach().clone(), other.detach().clone()
    optimizer = adamw([{"params": [decaying]}, {"params": [other], "weight_decay": 0.0}], RATE, how)
    for step in range(STEPS):
        for weight in (decaying, other):
            weight.grad = tiny_gradient(weight, step)
        optimizer.step()
    for weight, start, decay in zip(
        (decaying, other), starts, (CLIP_WEIGHT_DECAY, 0.0), strict=True
    ):
        given = [tiny_gradient(weight, step) for step in range(STEPS)]
        check_close(weight, slow_adamw(start, given, lambda _: RATE, decay))


@pytest.mark.parametrize("recipe", ["full", "lora8", "adapter64"])
def test_a_burst_updates_all_that_trains_with_decay_at_the_protocols_rate(
    small_cell: Callable[..., Cell], make_trainer: Callable[[Cell], Trainer], recipe: str
) -> None:
    """All of them decay, norms and biases too: one group, which changes no byte and no FLOP."""
    cell = small_cell(recipe=recipe)
    trainer, rate = make_trainer(cell), cell.protocol.learning_rate
    encoder = trainer.encoder.double()
    starts = {name: weight.detach().clone() for name, weight in encoder.named_parameters()}
    for step in range(3):
        for weight in encoder.parameters():
            weight.grad = tiny_gradient(weight, step) if weight.requires_grad else None
        trainer.update()
    for name, weight in encoder.named_parameters():
        few, start = weight.flatten()[:40], starts[name].flatten()[:40]
        if not weight.requires_grad:
            assert torch.equal(weight, starts[name]), name
            continue
        given = [tiny_gradient(weight, step).flatten()[:40] for step in range(3)]
        check_close(few, slow_adamw(start, given, lambda _: rate, CLIP_WEIGHT_DECAY))
