"""Joint attention over the tokens of several sparse tubes. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load
from vbench_mem.encoders.grid import Grid, Kept
from vbench_mem.encoders.operations import FeedForward, Operation, attend
from vbench_mem.encoders.row import Encoder, Family
from vbench_mem.encoders.sizes import VIT_B, VIT_L, VIT_S, VIT_TEST, VIT_TI
from vbench_mem.encoders.spec import CHANNELS, MaskKind, Mixing, Positions, VideoSpec, WeightGroups
from vbench_mem.encoders.text_spec import TEXT_BASE, TEXT_MEDIUM, TEXT_MINI, TEXT_TEST, TEXT_TINY
from vbench_mem.encoders.tube import Tube

# Sizes for 16 frames: each kernel coarse in time or in space and yielding tokens at 16 frames.
# Ours: the paper's own kernels are not known, and the published 16x4x4 kernel with temporal offset
# 4 yields no token at 16 frames.
TUBES_16 = (
    Tube(kernel=(8, 8, 8), stride=(8, 32, 32)),
    Tube(kernel=(16, 4, 4), stride=(16, 16, 16), offset=(0, 8, 8)),
    Tube(kernel=(4, 12, 12), stride=(8, 32, 32), offset=(0, 16, 16)),
    Tube(kernel=(1, 16, 16), stride=(16, 16, 16)),
)


WEIGHTS = WeightGroups(clips=frozenset({"tubes"}))


@dataclass(frozen=True, kw_only=True)
class TubeViT(VideoSpec):
    """Joint attention over the tokens of several sparse tubes. `patch_px` embeds images only.

    Positions are fixed 3-D sines of each tube's centre (`positions` must be sinusoidal), so that
    tubes on unlike grids share one space. Source: daniel-code/TubeViT; arXiv:2312.07395 figure 3.
    Differs: each tube has its own kernel weights, as the paper's several convolutions suggest.
    """

    layout: Literal["tubevit"] = "tubevit"
    positions: Positions = "sinusoidal"
    tubes: tuple[Tube, ...] = TUBES_16

    tower_class: ClassVar[str] = "TubeTower"
    mixing: ClassVar[Mixing] = "space_time"
    masks: ClassVar[Mapping[MaskKind, str]] = {"random": "any tokens of the clip, drawn per clip"}
    masks_any_token: ClassVar[bool] = True
    own_kernels: ClassVar[bool] = True

    @property
    def weights(self) -> WeightGroups:
        return WEIGHTS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.positions != "sinusoidal":
            raise ValueError("tubes lie on unlike grids; tubevit needs positions: sinusoidal")
        if not self.tubes:
            raise ValueError("tubevit needs at least one tube")

    def grids(self, load: Load) -> list[Grid]:
        """One for each tube; raises `UsageError` naming a tube that yields no token."""
        grids = [tube_grid(tube, load.frames, load.resolution_px) for tube in self.tubes]
        for number, (tube, grid) in enumerate(zip(self.tubes, grids, strict=True), start=1):
            if not grid.tokens:
                raise UsageError(
                    f"tube {number} (kernel {'x'.join(map(str, tube.kernel))}, offset "
                    f"{','.join(map(str, tube.offset))}) yields no token from {load.frames} frames "
                    f"of {load.resolution_px} px; use a smaller kernel or offset, or more frames"
                )
        return grids

    def patches(self, load: Load, kept: Kept) -> list[tuple[int, int]]:
        """All tokens of every tube: a mask drops some of them only after they are embedded."""
        pairs = zip(self.grids(load), self.tubes, strict=True)
        return [(grid.tokens, CHANNELS * prod(tube.kernel)) for grid, tube in pairs]

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        return attend(1, kept.tokens), FeedForward(rows=kept.tokens)


def tube_grid(tube: Tube, frames: int, resolution_px: int) -> Grid:
    """Tokens of one tube without padding, as a strided convolution counts them (may be none)."""
    sizes = (frames, resolution_px, resolution_px)
    return Grid(
        *(
            max((size - offset - kernel) // stride + 1, 0)
            for size, kernel, stride, offset in zip(
                sizes, tube.kernel, tube.stride, tube.offset, strict=True
            )
        )
    )


TUBEVIT = "arXiv:2212.03229 (TubeViT), daniel-code/TubeViT; kernel sizes for 16 frames are ours"

# fmt: off
ROWS = (
    Encoder("tubevit_test", TubeViT(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_717_505, TUBEVIT),
    Encoder("tubevit_ti16", TubeViT(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 10_860_097, TUBEVIT),
    Encoder("tubevit_s16", TubeViT(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 34_702_977, TUBEVIT),
    Encoder("tubevit_b16", TubeViT(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 131_101_953, TUBEVIT),
    Encoder("tubevit_l16", TubeViT(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 418_286_081, TUBEVIT),
)
# fmt: on
FAMILY = Family(TubeViT, ROWS)
