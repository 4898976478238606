"""Attention over one axis, then over the other, in every layer.

Legend: B clips, T tubelet frames, P places, D width.
"""

from torch import Tensor, nn

from vbench_mem.encoders.families.factorized_self_attention import FactorizedSelfAttention
from vbench_mem.encoders.tower import PlaceTower, TimeBlock


class AxesBlock(TimeBlock):
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


class FactorizedSelfAttentionTower(PlaceTower):
    """ViViT's factorised self-attention: `AxesBlock` layers."""

    spec: FactorizedSelfAttention

    def new_block(self) -> nn.Module:
        return AxesBlock(self.spec)
