"""One clip and one caption of a load's shape, on the current device; values do not matter.

For counting, on fake or meta tensors: never for a measured run.
"""

import torch
from torch import Tensor

from vbench_mem.base.load import Load
from vbench_mem.encoders.spec import CHANNELS


def one_clip(load: Load) -> Tensor:
    """Shapes: (1, frames, channels, height px, width px)."""
    return torch.empty(1, load.frames, CHANNELS, load.resolution_px, load.resolution_px)


def one_caption(load: Load) -> tuple[Tensor, Tensor]:
    """Token ids and their mask. Shapes: (1, caption tokens), twice."""
    ids = torch.zeros(1, load.caption_tokens, dtype=torch.long)
    return ids, torch.ones_like(ids, dtype=torch.bool)
