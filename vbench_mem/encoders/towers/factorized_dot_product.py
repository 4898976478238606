"""Half the heads over space, half over time, in every layer.

Legend: B clips, T tubelet frames, P places, D width, H heads, d head width.
"""

import torch
from torch import Tensor, nn

from vbench_mem.encoders.layers import Attention, Block
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import Activation
from vbench_mem.encoders.tower import PlaceTower


class DotProductAttention(Attention):
    """The first half of the heads sees the same frame, the second half the same place.

    Shapes:  x_BTPD -> the same.
    Source:  ViViT model 4; scenic, factorized_dot_product_attention.
    """

    def forward(self, x_BTPD: Tensor, allowed: Tensor | None = None) -> Tensor:
        qkv = self.qkv(x_BTPD).unflatten(-1, (3, 2, self.heads // 2, -1))
        space, time = qkv.unbind(-3)
        y_BTPD = torch.cat([self.within(space), self.along(time)], dim=-1)
        return self.proj(y_BTPD)

    def within(self, qkv: Tensor) -> Tensor:
        """(B, T, P, 3, h, d) -> (B, T, P, h * d), each frame a sequence."""
        q, k, v = (part.flatten(0, 1).transpose(1, 2) for part in qkv.unbind(3))
        return self.join(self.attend(q, k, v)).unflatten(0, qkv.shape[:2])

    def along(self, qkv: Tensor) -> Tensor:
        """The same with each place's history a sequence; a copy, since fused kernels take one
        batch axis and place and clip do not lie side by side."""
        qkv = qkv.transpose(1, 2)
        q, k, v = (part.flatten(0, 1).transpose(1, 2) for part in qkv.unbind(3))
        return self.join(self.attend(q, k, v)).unflatten(0, qkv.shape[:2]).transpose(1, 2)


class DotProductBlock(Block):
    """A plain block whose heads are split between the axes: a joint block's parameters exactly."""

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower, activation, norm_eps)
        self.attn = DotProductAttention(tower.width, tower.heads)


class FactorizedDotProductTower(PlaceTower):
    """ViViT's factorised dot-product: `DotProductBlock` layers."""

    def new_block(self) -> nn.Module:
        return DotProductBlock(self.spec.tower, self.spec.activation, self.spec.norm_eps)
