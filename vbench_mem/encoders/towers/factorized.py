"""Space, then time through a gate, in every layer.

Legend: B clips, T tubelet frames, P places, D width.
"""

import torch
from torch import Tensor, nn

from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import Activation
from vbench_mem.encoders.tower import PlaceTower, TimeBlock


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


class FactorizedTower(PlaceTower):
    """The paper's factorised encoder: `GatedBlock` layers."""

    def new_block(self) -> nn.Module:
        return GatedBlock(self.spec.tower, self.spec.activation, self.spec.norm_eps)
