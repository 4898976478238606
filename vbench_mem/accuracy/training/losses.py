"""The losses that an encoder can be trained with, and the bias that one of them learns.

Legend: B clips, and as many captions; R clips of a block.
"""

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vbench_mem.encoders.dual import TEMPERATURE
from vbench_mem.encoders.similarity import Similarity, at_least_float32
from vbench_mem.matrix.training import Objective
from vbench_mem.probes.loss import info_nce

BLOCK_LOGITS = 2**22  # at most so many are alive at once: 16 MiB in float32
# Source: arXiv:2303.15343, section 3.2; google-research/big_vision, siglip.py
START_SCALE, START_BIAS = 10.0, -10.0


def sigmoid_loss(
    video: Tensor,
    text: Tensor,
    similarity: Similarity,
    logit_scale: Tensor,
    bias: Tensor,
    rows: int | None = None,
) -> Tensor:
    """Each pair of the batch is its own question: -log sigmoid(+-(t * s + b)), + for own pairs.

    Shapes:  features of B clips and of B captions as the towers give them, logit_scale (log of t),
             bias -> (), in float32 at least: the sum over all pairs, divided by B.
    Memory:  logits of `rows` clips with B captions; all of them are never there at once, nor are
             their gradients: a block is computed again in backward.
    Source:  arXiv:2303.15343, algorithm 1.
    Check:   value and gradients equal those of the whole matrix.
    """
    rows = rows or max(1, BLOCK_LOGITS // len(video))

    def block_loss(first: int, video: Tensor, text: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """All pairs of some clips taken as wrong, which costs softplus(x) of a logit x; own pairs
        are then put right: -log sigmoid(x) = softplus(-x) = softplus(x) - x."""
        similarity_BR = similarity(video[first : first + rows], text)
        with torch.autocast(video.device.type, enabled=False):
            scale, shift = at_least_float32(scale).exp(), at_least_float32(bias)
            logits_BR = torch.addcmul(shift, scale, at_least_float32(similarity_BR))
            return F.softplus(logits_BR).sum() - logits_BR.diagonal(-first).sum()

    total = torch.zeros((), device=video.device, dtype=logit_scale.dtype)
    for first in range(0, len(video), rows):
        part: Tensor = checkpoint(
            partial(block_loss, first),
            *(video, text, logit_scale, bias),
            use_reentrant=False,
            preserve_rng_state=False,  # a similarity draws no random numbers
        )
        total = total + part
    return total / len(video)


class Loss(nn.Module):
    """The loss of a stage with what it learns beside the encoder: for `sigmoid` a bias.

    The similarity and the temperature stay the encoder's own.
    Shapes:  features of B clips and of B captions -> ().
    """

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.bias: nn.Parameter | None
        self.objective = objective
        bias = nn.Parameter(torch.full((), START_BIAS)) if objective == "sigmoid" else None
        self.register_parameter("bias", bias)

    def forward(
        self, video: Tensor, text: Tensor, similarity: Similarity, logit_scale: Tensor
    ) -> Tensor:
        if self.bias is None:
            return info_nce(similarity(video, text), logit_scale)
        return sigmoid_loss(video, text, similarity, logit_scale, self.bias)

    @torch.no_grad()
    def start(self, logit_scale: Tensor) -> None:
        """Set the temperature to this loss's own start: the other's has no meaning here."""
        start = 1 / TEMPERATURE if self.bias is None else START_SCALE
        logit_scale.fill_(math.log(start))
