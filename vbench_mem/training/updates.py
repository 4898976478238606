"""How weights are updated: the learning rate of every step, and what decays.

The optimiser itself is the burst's AdamW, so that what is trained is what was measured.
"""

import math
from typing import Any

from torch import nn

from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.training.losses import Loss
from vbench_mem.training.spec import Schooling

# Tables and vectors that say where, or ask: they are added to features, not multiplied with them.
PLACES = ("positions", "places.weight", "class_token", "query")


def learning_rate(stage: Schooling, step: int) -> float:
    """Of a step counted from 0: linear growth over the warm-up, then constant or half a cosine.

    Check:  the first step after the warm-up has the whole rate; one after the last would have 0.
    """
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    if stage.schedule == "constant":
        return stage.learning_rate
    done = (step - stage.warmup) / (stage.steps - stage.warmup)
    return stage.learning_rate * (1 + math.cos(math.pi * done)) / 2


def decays(name: str, weight: nn.Parameter) -> bool:
    """Matrices and word vectors do; norms, biases, gates, temperature and positions do not."""
    return weight.ndim > 1 and not name.endswith(PLACES)


def groups(encoder: DualEncoder, loss: Loss, weight_decay: float) -> list[dict[str, Any]]:
    """What trains, in two groups by whether it decays."""
    named = [*encoder.named_parameters(), *loss.named_parameters()]
    decaying: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, weight in named:
        if weight.requires_grad:
            (decaying if decays(name, weight) else others).append(weight)
    return [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
