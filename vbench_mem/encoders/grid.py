"""How many tokens a grid of tubelets has, and how many of them a mask keeps. No torch."""

from dataclasses import dataclass
from fractions import Fraction

from vbench_mem.base.errors import UsageError


@dataclass(frozen=True)
class Grid:
    """Tubelets along time, height and width."""

    frames: int
    rows: int
    columns: int

    @property
    def places(self) -> int:
        return self.rows * self.columns

    @property
    def tokens(self) -> int:
        return self.frames * self.places


@dataclass(frozen=True)
class Kept:
    """What training keeps of one clip: `frames` time steps with `places` tokens each.

    Where a mask may take any tokens of the clip, `frames` is 1 and `places` counts them all.
    """

    frames: int
    places: int

    @property
    def tokens(self) -> int:
        return self.frames * self.places


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Layers that are alike: `depth` modules of the module list at `path` of a tower, in order of
    execution, from number `first` of that list on."""

    path: str
    depth: int
    first: int = 0


def share_kept(units: int, mask: float) -> int:
    """`int(units * (1 - mask))`, in exact arithmetic: in floats 10 * (1 - 0.9) falls below 1."""
    return int(units * (1 - Fraction(str(mask))))


def image_grid(patch_px: int, resolution_px: int) -> Grid:
    """The grid of one image; raises `UsageError` when the patch does not divide the side."""
    side, rest = divmod(resolution_px, patch_px)
    if rest or not side:
        raise UsageError(
            f"resolution_px {resolution_px} is not a multiple of patch_px {patch_px}; "
            f"nearest: {max(side, 1) * patch_px}"
        )
    return Grid(1, side, side)


def clip_grid(tubelet_frames: int, patch_px: int, frames: int, resolution_px: int) -> Grid:
    """The grid of one clip; raises `UsageError` when tubelets do not divide the frames."""
    image = image_grid(patch_px, resolution_px)
    steps, rest = divmod(frames, tubelet_frames)
    if rest or not steps:
        raise UsageError(
            f"frames {frames} is not a multiple of tubelet_frames {tubelet_frames}; "
            f"nearest: {max(steps, 1) * tubelet_frames}"
        )
    return Grid(steps, image.rows, image.columns)
