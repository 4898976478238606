"""A ViT per frame; frames meet only in the pooling, or in temporal layers over frame vectors."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from vbench_mem.base.load import Load
from vbench_mem.encoders.layers import Block, init_weights
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import FactorizedEncoder
from vbench_mem.encoders.tokens import Grid
from vbench_mem.encoders.tower import VideoTower


class FrameTower(VideoTower):
    """The image encoder on every frame, then the mean, or attention over all frames' tokens.

    Cost:    T * P^2 attention pairs per layer.
    Source:  arXiv:2312.07395, frame-level baselines.
    Check:   blind to the order of the frames; features equal transformers' ViTModel and
             CLIPVisionModel with the same weights.
    """

    def position_grid(self) -> Grid:
        return Grid(1, self.grid.rows, self.grid.columns)  # an image encoder has no times

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        clips = x_BTPD.shape[:2]
        x_MND = self.layers(self.begin(x_BTPD.flatten(0, 1)))  # M = B * T: one sequence per frame
        if self.spec.pooling == "attention":
            assert self.pool is not None
            return self.pool(self.normed(x_MND).unflatten(0, clips).flatten(1, 2))
        return self.pooled(x_MND).unflatten(0, clips).mean(1)


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

    def depth_order(self) -> Iterator[nn.Module]:
        yield from self.blocks
        yield from self.time_blocks

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        clips = x_BTPD.shape[:2]
        x_MND = self.layers(self.begin(x_BTPD.flatten(0, 1)))
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
