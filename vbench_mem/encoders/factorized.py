"""Attention over space and over time in turns, inside every layer: three ways of doing it.

Legend: B clips, T tubelet frames, P places, D width, H heads, d head width.
"""

import torch
from torch import Tensor, nn

from vbench_mem.encoders.layers import Attention, Block
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.spec import Activation, FactorizedSelfAttention
from vbench_mem.encoders.tower import VideoTower


class TimeBlock(Block):
    """A block with a second attention that runs along time, place by place."""

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower, activation, norm_eps)
        self.time_norm = nn.LayerNorm(tower.width, eps=norm_eps)
        self.time_attn = Attention(tower.width, tower.heads)

    def along_space(self, x_BTPD: Tensor) -> Tensor:
        y_MPD = self.attn(self.norm1(x_BTPD).flatten(0, 1))  # M = B * T: one sequence per frame
        return y_MPD.unflatten(0, x_BTPD.shape[:2])

    def along_time(self, x_BTPD: Tensor) -> Tensor:
        # a copy on purpose: attention wants each place's history as one sequence
        y_BPTD = self.time_norm(x_BTPD).transpose(1, 2)
        y_MTD = self.time_attn(y_BPTD.flatten(0, 1))
        return y_MTD.unflatten(0, y_BPTD.shape[:2]).transpose(1, 2)


class GatedBlock(TimeBlock):
    """Space, then time through a gate that starts shut: h + tanh(alpha) * h_temporal.

    Cost:    T * P^2 + P * T^2 attention pairs.
    Source:  arXiv:2312.07395, factorised space-time attention.
    Check:   with the gate at 0 the per-frame ViT is reproduced.
    """

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower, activation, norm_eps)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, x_BTPD: Tensor) -> Tensor:  # type: ignore[override]
        x_BTPD = x_BTPD + self.along_space(x_BTPD)
        x_BTPD = x_BTPD + self.gate.tanh() * self.along_time(x_BTPD)
        return x_BTPD + self.mlp(self.norm2(x_BTPD))

    def start_from_space(self) -> None:
        """Begin the temporal attention as a copy of the layer's own spatial attention."""
        self.time_attn.load_state_dict(self.attn.state_dict())
        self.time_norm.load_state_dict(self.norm1.state_dict())


class TurnsBlock(TimeBlock):
    """One axis, then the other, each with its own residual. Source: ViViT model 3."""

    def __init__(self, spec: FactorizedSelfAttention) -> None:
        super().__init__(spec.tower, spec.activation, spec.norm_eps)
        self.time_first = spec.order == "time_space"

    def forward(self, x_BTPD: Tensor) -> Tensor:  # type: ignore[override]
        if self.time_first:
            x_BTPD = x_BTPD + self.along_time(x_BTPD)
        x_BTPD = x_BTPD + self.along_space(x_BTPD)
        if not self.time_first:
            x_BTPD = x_BTPD + self.along_time(x_BTPD)
        return x_BTPD + self.mlp(self.norm2(x_BTPD))


class SplitAttention(Attention):
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


class SplitBlock(Block):
    """A plain block whose heads are split between the axes: a joint block's parameters exactly."""

    def __init__(self, tower: Tower, activation: Activation, norm_eps: float) -> None:
        super().__init__(tower, activation, norm_eps)
        self.attn = SplitAttention(tower.width, tower.heads)


class FactorizedTower(VideoTower):
    """The paper's factorised encoder: `GatedBlock` layers."""

    def new_block(self) -> nn.Module:
        return GatedBlock(self.spec.tower, self.spec.activation, self.spec.norm_eps)

    def start(self) -> None:
        super().start()
        for block in self.blocks:
            assert isinstance(block, GatedBlock)
            block.start_from_space()

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        x_BTPD = x_BTPD if self.pre_norm is None else self.pre_norm(x_BTPD)
        return self.pooled(self.layers(x_BTPD).flatten(1, 2))


class TurnsTower(FactorizedTower):
    """ViViT's factorised self-attention: `TurnsBlock` layers."""

    spec: FactorizedSelfAttention

    def new_block(self) -> nn.Module:
        return TurnsBlock(self.spec)

    def start(self) -> None:
        VideoTower.start(self)


class SplitTower(FactorizedTower):
    """ViViT's factorised dot-product: `SplitBlock` layers."""

    def new_block(self) -> nn.Module:
        return SplitBlock(self.spec.tower, self.spec.activation, self.spec.norm_eps)

    def start(self) -> None:
        VideoTower.start(self)
