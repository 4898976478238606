"""How similar captions and clips are: what an encoder owns, and every loss and ranking asks for.

Legend: B clips, C captions, E shared space.
"""

import torch
from torch import Tensor, nn


class Similarity(nn.Module):
    """Features of clips and of captions -> similarity_CB, a row for each caption.

    Shapes:  video (B, ...), text (C, ...), as the encoder's towers give them -> (C, B). A pair's
             similarity depends on that clip and that caption alone, so that blocks can be computed
             one at a time. An encoder may compare a clip's frames with the caption here, and may
             have parameters here: the losses train them, in blocks and with cached gradients too.

    bytes_per_pair  memory that a block takes for each of its pairs, for those who choose its size
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
