"""The contrastive loss of both directions and the bounds of its temperature.

Legend: B clips, and as many captions.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vbench_mem.encoders.similarity import at_least_float32

MAX_LOGIT_SCALE = math.log(100)  # CLIP's: logits are never scaled by more than 100


def info_nce(similarity_BB: Tensor, logit_scale: Tensor) -> Tensor:
    """Mean of clip-to-caption and caption-to-clip cross entropy, in nats, in float32 at least.

    Shapes:  similarity_BB of captions to clips, own pairs on the diagonal; logit_scale, the log of
             the inverse temperature -> ().
    Source:  arXiv:2103.00020, figure 3.
    Check:   one clip costs nothing; equal embeddings cost log B.
    """
    with torch.autocast(similarity_BB.device.type, enabled=False):
        logits_BB = at_least_float32(logit_scale).exp() * at_least_float32(similarity_BB)
        own_B = torch.arange(len(logits_BB), device=logits_BB.device)
        captions, clips = F.cross_entropy(logits_BB, own_B), F.cross_entropy(logits_BB.T, own_B)
        return (clips + captions) / 2


@torch.no_grad()
def clamp_temperature(logit_scale: Tensor) -> None:
    """After each step, as CLIP does."""
    logit_scale.clamp_(0, MAX_LOGIT_SCALE)
