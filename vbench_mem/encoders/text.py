"""The caption tower: a small bidirectional transformer, mean over the caption's real tokens."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from vbench_mem.encoders.layers import Block, init_weights
from vbench_mem.encoders.spec import Text
from vbench_mem.encoders.tower import Layers

NORM_EPS = 1e-12  # BERT's


class TextTower(Layers):
    """Captions in, one feature each.

    Shapes:  ids_BL (int64), mask_BL (true at real tokens) -> (B, D).
    Source:  google-research/bert for shapes; arXiv:2312.07395 for the mean over caption tokens.
    Differs: normalises before attention; one segment, so no segment embedding.
    Check:   padding does not change a caption's feature.
    """

    def __init__(self, text: Text, embed_dim: int) -> None:
        super().__init__()
        width = text.tower.width
        self.words = nn.Embedding(text.vocab, width)
        self.places = nn.Embedding(text.max_tokens, width)
        self.embed_norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.blocks = nn.ModuleList(
            Block(text.tower, "gelu", NORM_EPS) for _ in range(text.tower.depth)
        )
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.head = nn.Linear(width, embed_dim, bias=False)
        self.apply(init_weights)

    def depth_order(self) -> Iterator[nn.Module]:
        yield from self.blocks

    def forward(self, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        places_L = torch.arange(ids_BL.shape[1], device=ids_BL.device)
        x_BLD = self.embed_norm(self.words(ids_BL) + self.places(places_L))
        allowed_B11L = mask_BL[:, None, None, :]
        for number, block in enumerate(self.blocks):
            x_BLD = self.run(number, block, x_BLD, allowed_B11L)
        weights_BL = mask_BL / mask_BL.sum(1, keepdim=True)
        return (self.norm(x_BLD) * weights_BL[..., None]).sum(1)
