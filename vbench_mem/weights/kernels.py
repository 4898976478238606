"""Kernels and tables of one size made into those of another. Pure functions of tensors.

Legend: D width, C channels, T frames, H W pixels of a kernel, P places.
"""

import torch.nn.functional as F
from torch import Tensor

from vbench_mem.encoders.grid import Grid
from vbench_mem.encoders.patches import inflated
from vbench_mem.encoders.positions import resize
from vbench_mem.encoders.spec import CHANNELS, Inflation
from vbench_mem.encoders.tube import Tube


def clip_kernel(image: Tensor, patch_px: int, tube: Tube, how: Inflation) -> tuple[Tensor, str]:
    """The kernel of a tube out of that of an image, and in words how.

    Shapes:  (D, C * patch_px^2) -> (D, C * T * H * W).
    Source:  arXiv:2212.03229 (TubeViT), section 3.3, for kernels interpolated in space.
    Differs: scaled by the areas and levelled, so that an even surface gives the same feature.
    """
    frames, *sides = tube.kernel
    kernel = image.view(-1, CHANNELS, patch_px, patch_px)
    words = []
    if sides != [patch_px, patch_px]:
        area = sides[0] * sides[1]
        even_DC11 = kernel.sum((2, 3), keepdim=True)
        kernel = F.interpolate(kernel, size=sides, mode="bilinear", antialias=True)
        kernel = kernel * (patch_px**2 / area)
        kernel = kernel + (even_DC11 - kernel.sum((2, 3), keepdim=True)) / area
        words.append("bilinear in space")
    if frames > 1:
        words.append(f"{how} over {frames} frames")
    return inflated(kernel, frames, how).flatten(1), ", ".join(words)


def image_kernel(clip: Tensor, frames: int) -> Tensor:
    """The kernel that gives an image what a still clip of it gets: the sum over time.

    Shapes:  (D, C * T * H * W) -> (D, C * H * W).
    """
    return clip.view(len(clip), CHANNELS, frames, -1).sum(2).flatten(1)


def stretched(table_TPD: Tensor, grid: tuple[int, int], new: Grid) -> tuple[Tensor, str]:
    """A position table on another grid, and in words how.

    Linear along time, bilinear in space: 16-frame weights start a 256-frame encoder. A table that
    loses its times keeps their mean, as an image meets it.
    """
    if new.frames == 1 and len(table_TPD) > 1:
        table, words = table_TPD.mean(0, keepdim=True), ["mean of the times"]
    else:
        table, words = table_TPD, []
    if new.frames > len(table):
        words.append("the same at all times" if len(table) == 1 else "linear in time")
    elif new.frames < len(table):
        words.append("linear in time")
    if grid != (new.rows, new.columns):
        words.append("bilinear in space")
    return resize(table, Grid(len(table), *grid), new), ", ".join(words)


def longer(table_TD: Tensor, frames: int) -> Tensor:
    """A table of times alone, linear. Shapes: (T, D) -> (T', D)."""
    return F.interpolate(table_TD.T[None], size=frames, mode="linear")[0].T
