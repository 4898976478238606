"""A vector per tubelet frame from spatial layers, then temporal layers over these vectors."""

import torch
from torch import Tensor, nn

from vbench_mem.base.load import Load
from vbench_mem.encoders.families.factorized_encoder import FactorizedEncoder
from vbench_mem.encoders.layers import Block, init_weights
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.towers.frame_level import FrameTower


class FactorizedEncoderTower(FrameTower):
    """A vector per tubelet frame from spatial layers, then temporal layers over these vectors.

    Cost:    T * P^2 attention pairs per spatial layer, T^2 per temporal layer.
    Source:  ViViT (arXiv:2103.15691) model 2; scenic, factorized_encoder.
    Differs: mean instead of class tokens unless the spec has one; a norm after the spatial layers.
    """

    spec: FactorizedEncoder

    def __init__(self, spec: FactorizedEncoder, recipe: Recipe, load: Load) -> None:
        super().__init__(spec, recipe, load)
        tower = spec.tower
        self.space_norm = nn.LayerNorm(tower.width, eps=spec.norm_eps)
        self.time_positions = nn.Parameter(torch.empty(self.grid.frames, tower.width))
        nn.init.trunc_normal_(self.time_positions, std=0.02)
        self.time_blocks = nn.ModuleList(
            Block(tower, spec.activation, spec.norm_eps) for _ in range(spec.temporal_depth)
        ).apply(init_weights)

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        clips = x_BTPD.shape[:2]
        x_MND = self.layers(self.prepend_class_token(x_BTPD.flatten(0, 1)))
        x_BTD = self.frame_vectors(x_MND).unflatten(0, clips) + self.times(clips[1], kept)
        for number, block in enumerate(self.time_blocks, start=len(self.blocks)):
            x_BTD = self.run(number, block, x_BTD)
        y_BTD = self.norm(x_BTD)
        return y_BTD.mean(1) if self.pool is None else self.pool(y_BTD)

    def frame_vectors(self, x_MND: Tensor) -> Tensor:
        if self.spec.pooling == "class":
            return self.space_norm(x_MND[:, 0])
        return self.space_norm(x_MND)[:, 0 if self.class_token is None else 1 :].mean(1)

    def times(self, frames: int, kept: Tensor | None) -> Tensor:
        if kept is not None:
            return self.time_positions[kept[:, :, 0] // self.grid.places]
        if frames == len(self.time_positions):
            return self.time_positions
        return self.time_positions.mean(0, keepdim=True)  # an image
