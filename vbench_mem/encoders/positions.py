"""Position tables: learned or sinusoidal, and resized when the grid of tubelets changes.

Legend: T tubelet frames, R rows, Q columns, P = R * Q places, D width.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.tube import Tube

LONGEST = 10_000.0  # wavelengths run from 2 pi to 2 pi * 10,000, as in arXiv:1706.03762


def learned(grid: Grid, width: int) -> nn.Parameter:
    """A table (T, P, D) to be trained."""
    table = nn.Parameter(torch.empty(grid.frames, grid.places, width))
    nn.init.trunc_normal_(table, std=0.02)
    return table


def resize(table_TPD: Tensor, old: Grid, new: Grid) -> Tensor:
    """Linear along time, bilinear in space: 16-frame weights start a 256-frame encoder.

    Shapes:  (T, P, D) on `old` -> (T', P', D) on `new`.
    Source:  arXiv:2402.05861 for the linear growth along time.
    """
    if old == new:
        return table_TPD
    table_DTRQ = table_TPD.unflatten(1, (old.rows, old.columns)).permute(3, 0, 1, 2)
    size = (new.frames, new.rows, new.columns)
    resized = F.interpolate(table_DTRQ[None], size=size, mode="trilinear", align_corners=False)
    return resized[0].permute(1, 2, 3, 0).flatten(1, 2)


def sines(places_N: Tensor, width: int) -> Tensor:
    """Sines and cosines of real-valued places. Shapes: (N,) -> (N, width); width is even."""
    steps = torch.arange(width // 2, dtype=torch.float32) / (width // 2)
    angles = places_N[:, None] * torch.exp(-math.log(LONGEST) * steps)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def sines_3d(centres: tuple[Tensor, Tensor, Tensor], width: int) -> Tensor:
    """Positions of all (time, row, column) centres; a sixth of the width per sine, the rest zero.

    Shapes:  three vectors (T,), (R,), (Q,) -> (T, R * Q, width).
    """
    part = width // 6 * 2
    time_TD, row_RD, column_QD = (sines(axis, part) for axis in centres)
    T, R, Q = len(time_TD), len(row_RD), len(column_QD)
    table = torch.cat(
        [
            time_TD[:, None, None].expand(T, R, Q, part),
            row_RD[None, :, None].expand(T, R, Q, part),
            column_QD[None, None].expand(T, R, Q, part),
        ],
        dim=3,
    )
    return F.pad(table, (0, width - 3 * part)).flatten(1, 2)


def sinusoidal(tube: Tube, grid: Grid, width: int) -> Tensor:
    """Fixed positions of one tube's tokens, by their centres in frames and in patches of 16 px.

    Shapes:  (T, P, width). Centres in common units let tubes of unlike sizes share one space.
    """
    units = (1.0, 16.0, 16.0)
    counts = (grid.frames, grid.rows, grid.columns)
    time, row, column = (
        (offset + (kernel - 1) / 2 + stride * torch.arange(count, dtype=torch.float32)) / unit
        for offset, kernel, stride, count, unit in zip(
            tube.offset, tube.kernel, tube.stride, counts, units, strict=True
        )
    )
    return sines_3d((time, row, column), width)
