"""How similar captions and clips are: a part of each encoder, used by all losses and rankings.

Legend: B clips, C captions, E shared space.
"""

import torch
from torch import Tensor, nn


class Similarity(nn.Module):
    """Features of clips and of captions -> similarity_CB, a row for each caption.

    Shapes:  video (B, ...), text (C, ...), as the encoder's towers return them -> (C, B). The
             similarity of a pair depends on that clip and that caption alone, so that it can be
             computed in blocks. A subclass may compare each frame of a clip with the caption, and
             may have parameters: the losses train them, also in blocks and with cached gradients.

    bytes_per_pair  memory of a block for each of its pairs; the size of blocks follows from it
    """

    bytes_per_pair = 8

    def forward(self, video: Tensor, text: Tensor) -> Tensor:
        raise NotImplementedError


class Cosine(Similarity):
    """Of vectors of length 1: video_BE, text_CE -> (C, B), in float32 at least.

    Autocast would take the product to half precision, and its lists differ between devices.
    """

    def forward(self, video: Tensor, text: Tensor) -> Tensor:
        with torch.autocast(video.device.type, enabled=False):
            return at_least_float32(text) @ at_least_float32(video).T


def at_least_float32(x: Tensor) -> Tensor:
    """float64, with which gradients are compared, stays what it is."""
    return x if x.dtype is torch.float64 else x.float()
