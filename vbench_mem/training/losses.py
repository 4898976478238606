"""The losses that an encoder can be trained with, and the bias that one of them learns.

Legend: B clips, and as many captions; E shared space; R rows of a block.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vbench_mem.encoders.dual import TEMPERATURE, at_least_float32
from vbench_mem.probes.loss import info_nce
from vbench_mem.training.spec import Objective

BLOCK_LOGITS = 2**22  # at most so many are alive at once: 16 MiB in float32
# Source: arXiv:2303.15343, section 3.2; google-research/big_vision, siglip.py
START_SCALE, START_BIAS = 10.0, -10.0


def sigmoid_loss(
    video_BE: Tensor, text_BE: Tensor, logit_scale: Tensor, bias: Tensor, rows: int | None = None
) -> Tensor:
    """Each pair of the batch is its own question: -log sigmoid(+-(t * cos + b)), + for own pairs.

    Shapes:  video_BE, text_BE of unit length, logit_scale (log of t), bias -> (), in float32 at
             least: the sum over all pairs, divided by B.
    Memory:  `rows` x B logits, made again in backward; the B x B matrix is never whole.
    Source:  arXiv:2303.15343, algorithm 1.
    Check:   value and gradients equal those of the whole matrix.
    """
    size = len(video_BE)
    rows = rows or max(1, BLOCK_LOGITS // size)
    with torch.autocast(video_BE.device.type, enabled=False):
        video_BE, text_BE, logit_scale, bias = map(
            at_least_float32, (video_BE, text_BE, logit_scale, bias)
        )
        total = video_BE.new_zeros(())
        for first in range(0, size, rows):
            part = (video_BE[first : first + rows], text_BE, logit_scale, bias, first)
            if rows < size and torch.is_grad_enabled():
                total = total + checkpoint(
                    rows_of_sigmoid, *part, use_reentrant=False, preserve_rng_state=False
                )
            else:
                total = total + rows_of_sigmoid(*part)
        return total / size


def rows_of_sigmoid(
    video_RE: Tensor, text_BE: Tensor, logit_scale: Tensor, bias: Tensor, first: int
) -> Tensor:
    """What the rows from `first` on cost. All are taken as wrong; own pairs are then put right:
    -log sigmoid(x) = softplus(-x) = softplus(x) - x."""
    logits_RB = torch.addmm(bias, video_RE * logit_scale.exp(), text_BE.T)
    return F.softplus(logits_RB).sum() - logits_RB.diagonal(first).sum()


class Loss(nn.Module):
    """The loss of a stage with what it learns beside the encoder: for `sigmoid` a bias.

    The temperature stays the encoder's own parameter. Shapes: video_BE, text_BE, scale -> ().
    """

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.bias: nn.Parameter | None
        self.objective = objective
        bias = nn.Parameter(torch.full((), START_BIAS)) if objective == "sigmoid" else None
        self.register_parameter("bias", bias)

    def forward(self, video_BE: Tensor, text_BE: Tensor, logit_scale: Tensor) -> Tensor:
        if self.bias is None:
            return info_nce(video_BE, text_BE, logit_scale)
        return sigmoid_loss(video_BE, text_BE, logit_scale, self.bias)

    @torch.no_grad()
    def start(self, logit_scale: Tensor) -> None:
        """Set the temperature to this loss's own start: the other's has no meaning here."""
        start = 1 / TEMPERATURE if self.bias is None else START_SCALE
        logit_scale.fill_(math.log(start))
