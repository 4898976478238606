"""Attention along time, then within frames, in every layer.

Legend: B clips, T frames, P places, N all tokens (a class token first, if any), D width, H heads,
d head width.
"""

from functools import partial

import torch
from torch import Tensor, nn

from vbench_mem.base.load import Load
from vbench_mem.encoders.families.divided import Divided
from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.layers import Attention
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.tower import TimeBlock, VideoTower


class TimesformerBlock(TimeBlock):
    """Time with a matrix behind it, then space; the class token only in space, frame by frame.

    Cost:    P * T^2 + T * P^2 attention pairs.
    Check:   features equal transformers' TimesformerModel with the same weights.
    """

    def __init__(self, spec: Divided) -> None:
        super().__init__(spec.tower, spec.activation, spec.norm_eps)
        self.extra = int(spec.class_token)
        self.time_dense = nn.Linear(spec.tower.width, spec.tower.width)

    def forward(self, x_BND: Tensor, frames: int) -> Tensor:  # type: ignore[override]
        x_BTPD = x_BND[:, self.extra :].unflatten(1, (frames, -1))
        x_BTPD = x_BTPD + self.time_dense(self.along_time(x_BTPD))
        if not self.extra:
            x_BND = (x_BTPD + self.along_space(x_BTPD)).flatten(1, 2)
            return x_BND + self.mlp(self.norm2(x_BND))
        class_B1D = x_BND[:, :1]
        copies_BT1D = class_B1D[:, None].expand(-1, frames, -1, -1)
        y_BTPD = self.along_space(torch.cat([copies_BT1D, x_BTPD], dim=2))
        class_B1D = class_B1D + y_BTPD[:, :, :1].mean(1)
        x_BTPD = x_BTPD + y_BTPD[:, :, 1:]
        x_BND = torch.cat([class_B1D, x_BTPD.flatten(1, 2)], dim=1)
        return x_BND + self.mlp(self.norm2(x_BND))


class FrozenAttention(Attention):
    """Along one axis: each token sees its row along the axis and the class token, which sees all.

    Shapes:  x_BND, the number of frames -> the same.
    Source:  m-bain/frozen-in-time, VarAttention.
    """

    def __init__(self, tower: Tower, extra: int, *, along_time: bool) -> None:
        super().__init__(tower.width, tower.heads)
        self.extra, self.along_time = extra, along_time

    def forward(self, x_BND: Tensor, frames: int) -> Tensor:  # type: ignore[override]
        q, k, v = self.split(x_BND)  # (B, H, N, d)
        extra = self.extra
        rows = partial(self.rows, frames=frames)
        y_MHLd = self.attend(rows(q)[:, :, extra:], rows(k), rows(v))  # M = B * rows, L tokens each
        y_BRLD = self.join(y_MHLd).unflatten(0, (len(x_BND), -1))
        y_BND = (y_BRLD.transpose(1, 2) if self.along_time else y_BRLD).flatten(1, 2)
        if extra:
            class_B1D = self.join(self.attend(q[:, :, :1], k, v))
            y_BND = torch.cat([class_B1D, y_BND], dim=1)
        return self.proj(y_BND)

    def rows(self, x_BHNd: Tensor, frames: int) -> Tensor:
        """(B, H, N, d) -> (B * rows, H, tokens, d), the class token first in each row."""
        x_BHTPd = x_BHNd[:, :, self.extra :].unflatten(2, (frames, -1))
        x_BHRLd = x_BHTPd.transpose(2, 3) if self.along_time else x_BHTPd
        if self.extra:
            first = x_BHNd[:, :, None, :1].expand(-1, -1, x_BHRLd.shape[2], -1, -1)
            x_BHRLd = torch.cat([first, x_BHRLd], dim=3)
        return x_BHRLd.transpose(1, 2).flatten(0, 1)


class FrozenInTimeBlock(TimeBlock):
    """Time, then space over what time gave, which is added to the layer's input.

    Cost:    N * (T + P) attention pairs, and N for each query of the class token.
    Check:   equals a loop over tokens; as it starts, time counts for nothing.
    """

    def __init__(self, spec: Divided) -> None:
        super().__init__(spec.tower, spec.activation, spec.norm_eps)
        extra = int(spec.class_token)
        self.attn = FrozenAttention(spec.tower, extra, along_time=False)
        self.time_attn = FrozenAttention(spec.tower, extra, along_time=True)

    def forward(self, x_BND: Tensor, frames: int) -> Tensor:  # type: ignore[override]
        y_BND = x_BND + self.time_attn(self.time_norm(x_BND), frames)
        x_BND = x_BND + self.attn(self.norm1(y_BND), frames)
        return x_BND + self.mlp(self.norm2(x_BND))


class DividedTower(VideoTower):
    """Layers of either style over patches of single frames."""

    spec: Divided

    def __init__(self, spec: Divided, recipe: Recipe, load: Load) -> None:
        super().__init__(spec, recipe, load)
        # at zero, as the spec says: all times look alike
        self.time_positions = nn.Parameter(torch.zeros(self.grid.frames, spec.tower.width))

    def position_grid(self) -> Grid:
        return Grid(1, self.grid.rows, self.grid.columns)

    def new_block(self) -> nn.Module:
        kinds = {"timesformer": TimesformerBlock, "frozen_in_time": FrozenInTimeBlock}
        return kinds[self.spec.style](self.spec)

    def tokens(self, clips_BTCHW: Tensor, kept: Tensor | None) -> Tensor:
        x_BTPD = super().tokens(clips_BTCHW, kept)
        if kept is None:
            return x_BTPD + self.time_positions[:, None]
        return x_BTPD + self.time_positions[kept // self.grid.places]

    def image_positions(self) -> Tensor:
        return self.positions + self.time_positions.mean(0)

    def features(self, x_BTPD: Tensor, kept: Tensor | None) -> Tensor:
        x_BND = self.prepend_class_token(x_BTPD.flatten(1, 2))
        for number, block in enumerate(self.blocks):
            x_BND = self.run(number, partial(block, frames=x_BTPD.shape[1]), x_BND)
        return self.pooled(x_BND)
