"""The tokens that an encoder and a recipe see of a load, and checks of all three. No torch."""

from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.custom import Custom, check_custom
from vbench_mem.encoders.grid import Kept, image_grid
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import MaskKind, VideoSpec


def mask_kind(spec: VideoSpec, recipe: Recipe) -> MaskKind:
    """The recipe's kind of mask, or the family's own; `UsageError` where it has no meaning."""
    kind = next(iter(spec.masks)) if recipe.mask_kind is None else recipe.mask_kind
    if kind not in spec.masks:
        raise UsageError(
            f"mask_kind {kind} has no meaning for {spec.layout} encoders; "
            f"use {' or '.join(spec.masks)}"
        )
    return kind


def kept_tokens(spec: VideoSpec, recipe: Recipe, load: Load) -> Kept:
    """The tokens that a training forward sees; raises `UsageError` when the mask keeps none."""
    kind = mask_kind(spec, recipe)
    kept = spec.keep(kind, recipe.mask, load)
    if not kept.tokens:
        raise UsageError(f"mask {recipe.mask} ({kind}) keeps no token; use a smaller mask")
    return kept


def check_variant(
    spec: VideoSpec | Custom, recipe: Recipe, load: Load, runtime: Runtime | None = None
) -> None:
    """Refuse what makes no sense together; raises `UsageError` with what to write instead."""
    if isinstance(spec, Custom):
        check_custom(spec, recipe, runtime)
        return
    image_grid(spec.patch_px, load.resolution_px)
    kept_tokens(spec, recipe, load)
    if load.caption_tokens > spec.text.max_tokens:
        raise UsageError(
            f"caption_tokens {load.caption_tokens} is more than the caption tower's "
            f"{spec.text.max_tokens}"
        )
    if spec.text.feature == "last" and load.caption_tokens != spec.text.max_tokens:
        raise UsageError(
            f"caption_tokens {load.caption_tokens}: text.feature: last is the token at place "
            f"{spec.text.max_tokens}; write caption_tokens: {spec.text.max_tokens}"
        )
    if recipe.train == "temporal_only" and not spec.weights.temporal:
        raise UsageError(
            f"train: temporal_only needs temporal attention, and {spec.layout} encoders have none"
        )
    if recipe.train == "last_k" and recipe.blocks is not None and recipe.blocks > spec.layers:
        raise UsageError(f"blocks {recipe.blocks} is more than the encoder's {spec.layers} layers")
