"""The contrastive loss of both directions and the bounds of its temperature.

Legend: B clips, and as many captions; E shared space.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vbench_mem.encoders.dual import at_least_float32

MAX_LOGIT_SCALE = math.log(100)  # CLIP's: logits are never scaled by more than 100


def info_nce(video_BE: Tensor, text_BE: Tensor, logit_scale: Tensor) -> Tensor:
    """Mean of clip-to-caption and caption-to-clip cross entropy, in nats, in float32 at least.

    Shapes:  video_BE, text_BE of unit length, logit_scale (log of the inverse temperature) -> ().
    Source:  arXiv:2103.00020, figure 3.
    Check:   one clip costs nothing; equal embeddings cost log B.
    """
    # autocast would take the product back to half precision, and its lists differ between devices
    with torch.autocast(video_BE.device.type, enabled=False):
        video_BE, text_BE, logit_scale = map(at_least_float32, (video_BE, text_BE, logit_scale))
        logits_BB = logit_scale.exp() * video_BE @ text_BE.T
        own_B = torch.arange(len(logits_BB), device=logits_BB.device)
        clips, captions = F.cross_entropy(logits_BB, own_B), F.cross_entropy(logits_BB.T, own_B)
        return (clips + captions) / 2


@torch.no_grad()
def clamp_temperature(logit_scale: Tensor) -> None:
    """After each step, as CLIP does."""
    logit_scale.clamp_(0, MAX_LOGIT_SCALE)
