"""AdamW written out element by element, in float64: what torch's is compared with."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# Source: arXiv:2103.00020, table of hyperparameters (CLIP's vision transformers).
CLIP_BETAS, CLIP_EPS, CLIP_WEIGHT_DECAY = (0.9, 0.98), 1e-6, 0.2


def slow_adamw(
    start: Tensor,
    gradients: Sequence[Tensor],
    rate: Callable[[int], float],
    weight_decay: float,
    betas: tuple[float, float] = CLIP_BETAS,
    eps: float = CLIP_EPS,
) -> Tensor:
    """The weight after as many steps as there are gradients; `rate` is of a step from 0.

    Source:  arXiv:1711.05101, algorithm 2: decay is no part of the gradient, and it is multiplied
             with the rate of the step, as torch has it.
    """
    final = []
    flat = [gradient.detach().double().flatten().tolist() for gradient in gradients]
    for place, weight in enumerate(start.detach().double().flatten().tolist()):
        mean = square = 0.0
        for step in range(len(gradients)):
            gradient = flat[step][place]
            mean = betas[0] * mean + (1 - betas[0]) * gradient
            square = betas[1] * square + (1 - betas[1]) * gradient**2
            unbiased = mean / (1 - betas[0] ** (step + 1))
            deviation = math.sqrt(square / (1 - betas[1] ** (step + 1)))
            weight -= rate(step) * (unbiased / (deviation + eps) + weight_decay * weight)
        final.append(weight)
    return torch.tensor(final, dtype=torch.float64).view_as(start)


def tiny_gradient(weight: Tensor, step: int) -> Tensor:
    """Of the size of `CLIP_EPS`, so that eps counts, and unlike in every step, so that betas do."""
    random = torch.Generator().manual_seed(100 + step)
    drawn = torch.randn(weight.shape, generator=random, dtype=torch.float64)
    return (CLIP_EPS * (1 + step) * drawn).to(weight.dtype)
