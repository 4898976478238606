"""The dual encoder: a video tower, a caption tower, and the similarity of their features."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.encoders.similarity import at_least_float32
from vbench_mem.encoders.text import TextTower
from vbench_mem.encoders.tower import VideoTower

TEMPERATURE = 0.07  # CLIP's start; the paper's own is not known


class DualEncoder(nn.Module):
    """Clips and captions to unit vectors, and `similarity` of these.

    Shapes:  clips_BTCHW, ids_BL, mask_BL -> video (B, ..., E), text_BE, float32, of length 1 along
             the last axis; a clip is one vector unless its family compares more of them.
    """

    def __init__(self, video: VideoTower, text: TextTower) -> None:
        super().__init__()
        self.video, self.text = video, text
        self.similarity = video.new_similarity()
        self.logit_scale = nn.Parameter(torch.full((), -math.log(TEMPERATURE)))

    def forward(self, clips: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.encode_video(clips), self.encode_text(ids, mask)

    def encode_video(self, clips_BTCHW: Tensor) -> Tensor:
        return unit(self.video.head(self.video(clips_BTCHW)))

    def encode_image(self, images_BCHW: Tensor) -> Tensor:
        return unit(self.video.head(self.video.image(images_BCHW)))

    def encode_text(self, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        return unit(self.text.head(self.text(ids_BL, mask_BL)))


def unit(x_BE: Tensor) -> Tensor:
    """In float32 also under autocast: devices differ in what they promote."""
    return F.normalize(at_least_float32(x_BE), dim=-1)
