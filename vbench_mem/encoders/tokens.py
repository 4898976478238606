"""How many tokens an encoder sees, in closed form, and what it cannot be asked. No torch."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.custom import Custom, check_custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import FactorizedEncoder, MaskKind, Spec, Tube, TubeViT

if TYPE_CHECKING:
    from vbench_mem.base.load import Load, Runtime


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


def kept(units: int, mask: float) -> int:
    """`int(units * (1 - mask))`, in exact arithmetic: in floats 10 * (1 - 0.9) falls below 1."""
    return int(units * (1 - Fraction(str(mask))))


def image_grid(spec: Spec, resolution_px: int) -> Grid:
    """The grid of one image; raises `UsageError` when the patch does not divide the side."""
    side, rest = divmod(resolution_px, spec.patch_px)
    if rest or not side:
        raise UsageError(
            f"resolution_px {resolution_px} is not a multiple of patch_px {spec.patch_px}; "
            f"nearest: {max(side, 1) * spec.patch_px}"
        )
    return Grid(1, side, side)


def clip_grid(spec: Spec, frames: int, resolution_px: int) -> Grid:
    """The grid of one clip; raises `UsageError` when tubelets do not divide the frames."""
    image = image_grid(spec, resolution_px)
    steps, rest = divmod(frames, spec.tubelet_frames)
    if rest or not steps:
        raise UsageError(
            f"frames {frames} is not a multiple of tubelet_frames {spec.tubelet_frames}; "
            f"nearest: {max(steps, 1) * spec.tubelet_frames}"
        )
    return Grid(steps, image.rows, image.columns)


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


def tube_grids(spec: TubeViT, frames: int, resolution_px: int) -> list[Grid]:
    """One grid per tube; raises `UsageError` naming a tube that yields no token."""
    grids = [tube_grid(tube, frames, resolution_px) for tube in spec.tubes]
    for number, (tube, grid) in enumerate(zip(spec.tubes, grids, strict=True), start=1):
        if not grid.tokens:
            raise UsageError(
                f"tube {number} (kernel {'x'.join(map(str, tube.kernel))}, offset "
                f"{','.join(map(str, tube.offset))}) yields no token from {frames} frames of "
                f"{resolution_px} px; use a smaller kernel or offset, or more frames"
            )
    return grids


def clip_tokens(spec: Spec, frames: int, resolution_px: int) -> int:
    """Space-time tokens of one clip, class tokens not counted."""
    if isinstance(spec, TubeViT):
        return sum(grid.tokens for grid in tube_grids(spec, frames, resolution_px))
    return clip_grid(spec, frames, resolution_px).tokens


def mask_kind(spec: Spec, recipe: Recipe) -> MaskKind:
    """The recipe's kind of mask, or the layout's own; `UsageError` where it has no meaning."""
    kind = recipe.mask_kind or next(iter(spec.MASKS))
    if kind not in spec.MASKS:
        raise UsageError(
            f"mask_kind {kind} has no meaning for the {spec.layout} layout; "
            f"use {' or '.join(spec.MASKS)}"
        )
    return kind


@dataclass(frozen=True)
class Kept:
    """What training keeps of one clip: `frames` time steps with `places` tokens each.

    For a `random` mask of a joint layout the tokens lie anywhere: `frames` is 1 then.
    """

    frames: int
    places: int

    @property
    def tokens(self) -> int:
        return self.frames * self.places


def kept_tokens(spec: Spec, recipe: Recipe, frames: int, resolution_px: int) -> Kept:
    """The tokens that a training forward sees; raises `UsageError` when the mask keeps none."""
    kind = mask_kind(spec, recipe)
    if spec.layout in ("joint", "tubevit") and kind == "random":
        result = Kept(1, kept(clip_tokens(spec, frames, resolution_px), recipe.mask))
    else:
        grid = clip_grid(spec, frames, resolution_px)
        if kind == "frame":
            result = Kept(kept(grid.frames, recipe.mask), grid.places)
        else:
            result = Kept(grid.frames, kept(grid.places, recipe.mask))
    if not result.tokens:
        raise UsageError(f"mask {recipe.mask} ({kind}) keeps no token; use a smaller mask")
    return result


def layers(spec: Spec) -> int:
    """Layers in order of depth, the temporal ones of a factorised encoder last."""
    extra = spec.temporal_depth if isinstance(spec, FactorizedEncoder) else 0
    return spec.tower.depth + extra


def check_variant(
    spec: Spec | Custom, recipe: Recipe, load: "Load", runtime: "Runtime | None" = None
) -> None:
    """Refuse what makes no sense together; raises `UsageError` with what to write instead."""
    if isinstance(spec, Custom):
        check_custom(spec, recipe, runtime)
        return
    image_grid(spec, load.resolution_px)
    kept_tokens(spec, recipe, load.frames, load.resolution_px)
    if load.caption_tokens > spec.text.max_tokens:
        raise UsageError(
            f"caption_tokens {load.caption_tokens} is more than the caption tower's "
            f"{spec.text.max_tokens}"
        )
    if spec.text.feature == "last" and load.caption_tokens != spec.text.max_tokens:
        raise UsageError(
            f"caption_tokens {load.caption_tokens}: text.feature: last is that of place "
            f"{spec.text.max_tokens}; write caption_tokens: {spec.text.max_tokens}"
        )
    if recipe.train == "temporal_only" and not spec.TEMPORAL:
        raise UsageError(
            f"train: temporal_only needs temporal attention, and the {spec.layout} layout has none"
        )
    if recipe.train == "last_k" and recipe.blocks is not None and recipe.blocks > layers(spec):
        raise UsageError(f"blocks {recipe.blocks} is more than the encoder's {layers(spec)} layers")
