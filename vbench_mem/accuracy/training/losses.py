"""The losses that an encoder can be trained with, and the bias that one of them learns.

Legend: B clips, and as many captions; E shared space; R rows of a block.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.encoders.dual import TEMPERATURE, at_least_float32
from vbench_mem.matrix.training import Objective
from vbench_mem.probes.loss import info_nce

BLOCK_LOGITS = 2**22  # at most so many are alive at once: 16 MiB in float32
# Source: arXiv:2303.15343, section 3.2; google-research/big_vision, siglip.py
START_SCALE, START_BIAS = 10.0, -10.0


def sigmoid_loss(
    video_BE: Tensor, text_BE: Tensor, logit_scale: Tensor, bias: Tensor, rows: int | None = None
) -> Tensor:
    """Each pair of the batch is its own question: -log sigmoid(+-(t * cos + b)), + for own pairs.

    Shapes:  video_BE, text_BE of unit length, logit_scale (log of t), bias -> (), in float32 at
             least: the sum over all pairs, divided by B.
    Memory:  `rows` x B logits; the B x B matrix is never whole, nor are its gradients.
    Source:  arXiv:2303.15343, algorithm 1.
    Check:   value and gradients equal those of the whole matrix.
    """
    rows = rows or max(1, BLOCK_LOGITS // len(video_BE))
    with torch.autocast(video_BE.device.type, enabled=False):
        given = map(at_least_float32, (video_BE, text_BE, logit_scale, bias))
        loss: Tensor = SigmoidByBlocks.apply(*given, rows)  # type: ignore[no-untyped-call]
        return loss


class SigmoidByBlocks(torch.autograd.Function):
    """Gradients are made along with the value, block by block, and no graph is kept.

    All pairs are taken as wrong, which costs softplus(x) of a logit x; own pairs are then put
    right: -log sigmoid(x) = softplus(-x) = softplus(x) - x.
    """

    @staticmethod
    def forward(
        ctx: Any, video_BE: Tensor, text_BE: Tensor, logit_scale: Tensor, bias: Tensor, rows: int
    ) -> Tensor:
        size, scale = len(video_BE), logit_scale.exp()
        total, of_bias = torch.zeros_like(logit_scale), torch.zeros_like(bias)
        of_video, of_text = torch.empty_like(video_BE), torch.zeros_like(text_BE)
        for first in range(0, size, rows):
            block = slice(first, first + rows)
            video_RE = video_BE[block] * scale
            logits_RB = torch.addmm(bias, video_RE, text_BE.T)
            total += F.softplus(logits_RB).sum() - logits_RB.diagonal(first).sum()
            slope_RB = logits_RB.sigmoid_()
            slope_RB.diagonal(first).sub_(1)
            of_video[block] = slope_RB @ text_BE * scale
            of_text.addmm_(slope_RB.T, video_RE)
            of_bias += slope_RB.sum()
        # the temperature multiplies the clips: its gradient is theirs along them
        of_scale = (of_video * video_BE).sum()
        ctx.save_for_backward(*(each / size for each in (of_video, of_text, of_scale, of_bias)))
        return total / size

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return (*(gradient * each for each in ctx.saved_tensors), None)


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
