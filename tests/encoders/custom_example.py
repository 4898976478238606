"""An encoder of one's own, out of `transformers`: small, random, nothing is downloaded.

In a matrix beside this file: `encoder: custom_example:build`.
"""

from torch import Tensor, nn
from transformers import BertConfig, BertModel, VivitConfig, VivitModel

from vbench_mem.base.load import Load


class ViViT(nn.Module):
    def __init__(self, load: Load) -> None:
        super().__init__()
        size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        size |= {"intermediate_size": 64}
        shape = {"image_size": load.resolution_px, "num_frames": load.frames}
        self.video = VivitModel(VivitConfig(**shape, **size), add_pooling_layer=False)
        self.text = BertModel(BertConfig(**size), add_pooling_layer=False)

    def forward(self, clips: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        video = self.video(clips).last_hidden_state[:, 0]
        return video, self.text(ids, attention_mask=mask).last_hidden_state[:, 0]


build = ViViT
