"""The caption tower: a small transformer over the tokens of a caption, and one feature of them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from vbench_mem.encoders.layers import Block, init_weights
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.tower import Layers


class TextTower(Layers):
    """Captions in, one feature each.

    Shapes:  ids_BL (int64), mask_BL (true at real tokens, which come first) -> (B, D).
    Source:  google-research/bert for shapes; arXiv:2312.07395 for the mean over caption tokens;
             openai/CLIP, model.py, for causal attention and the end token; google-research/
             big_vision, models/proj/image_text/text_transformer.py, for the last place.
    Differs: normalises before attention, where BERT does after; no segment embedding.
    Check:   padding does not change a caption's feature, unless it is the `last` place's; features
             equal transformers' CLIPTextModel and SiglipTextModel with the same weights.
    """

    NO_DECAY = frozenset({"places"})  # positions: added to features, not multiplied with them
    before: Tensor  # (max_tokens, max_tokens), true at a token and those before it

    def __init__(self, text: Text, embed_dim: int) -> None:
        super().__init__()
        self.spec = text
        width, eps = text.tower.width, text.norm_eps
        self.words = nn.Embedding(text.vocab, width)
        self.places = nn.Embedding(text.max_tokens, width)
        self.embed_norm = nn.LayerNorm(width, eps=eps) if text.embed_norm else None
        self.blocks = nn.ModuleList(
            Block(text.tower, text.activation, eps) for _ in range(text.tower.depth)
        )
        self.norm = nn.LayerNorm(width, eps=eps)
        self.head = nn.Linear(width, embed_dim, bias=text.head_bias)
        self.apply(init_weights)
        if text.causal:
            before_LL = torch.ones(text.max_tokens, text.max_tokens, dtype=torch.bool).tril()
            self.register_buffer("before", before_LL, persistent=False)

    def depth_order(self) -> Iterator[nn.Module]:
        yield from self.blocks

    def forward(self, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        places_L = torch.arange(ids_BL.shape[1], device=ids_BL.device)
        x_BLD = self.words(ids_BL) + self.places(places_L)
        if self.embed_norm is not None:
            x_BLD = self.embed_norm(x_BLD)
        allowed = self.allowed(mask_BL)
        for number, block in enumerate(self.blocks):
            x_BLD = self.run(number, block, x_BLD, allowed)
        if self.spec.feature == "last":
            return self.norm(x_BLD[:, -1])
        weights_BL = self.weights(places_L, mask_BL)
        return (self.norm(x_BLD) * weights_BL[..., None]).sum(1)

    def allowed(self, mask_BL: Tensor) -> Tensor | None:
        """Which keys are seen, broadcast to (B, H, L, L); none: all of them."""
        if self.spec.causal:  # padding comes last, so that no real token sees it
            length = mask_BL.shape[1]
            return self.before[:length, :length]
        return None if self.spec.feature == "last" else mask_BL[:, None, None, :]

    def weights(self, places_L: Tensor, mask_BL: Tensor) -> Tensor:
        """Of each token in the feature: equal ones of the real tokens, or all of it the end's."""
        count_B1 = mask_BL.sum(1, keepdim=True)
        return places_L == count_B1 - 1 if self.spec.feature == "end" else mask_BL / count_B1
