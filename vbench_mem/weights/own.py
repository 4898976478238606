"""Our own checkpoints as a source, whatever layout and recipe they were trained with."""

from collections.abc import Mapping
from dataclasses import fields
from math import isqrt
from typing import Any, Literal

from torch import Tensor

from vbench_mem.encoders.adapt import whole_change
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.spec import VideoSpec
from vbench_mem.encoders.text_spec import Text
from vbench_mem.weights.checkpoint import Checkpoint
from vbench_mem.weights.held import Piece, SourceWeights
from vbench_mem.weights.needs import value_of

# Not among them: what no tensor and no feature of a layer depends on, and what is stretched.
OF_TEXT = (each.name for each in fields(Text) if each.name not in ("tower", "tokenizer_file"))
SHARED = (
    *(f"tower.{each.name}" for each in fields(Tower)),
    *(f"text.{name}" for name in OF_TEXT),
    *(f"text.tower.{each.name}" for each in fields(Tower)),
    *("embed_dim", "patch_px", "patch_bias", "class_token", "pre_norm", "activation", "norm_eps"),
)


def from_checkpoint(checkpoint: Checkpoint, recipe: Recipe) -> SourceWeights:
    """All its weights. LoRA's changes are merged into their matrices unless `recipe`, that of the
    encoder to come, goes on with the very same ones."""
    spec, images = checkpoint.spec, only_images(checkpoint.facts)
    pieces = {name: Piece(each, (name,)) for name, each in checkpoint.weights().items()}
    if checkpoint.recipe.train == "lora" and lora(checkpoint.recipe) != lora(recipe):
        pieces = merged(pieces, checkpoint.recipe)
    places = pieces["video.positions"].tensor.shape[1] if "video.positions" in pieces else None
    return SourceWeights(
        path=str(checkpoint.path),
        kind="vbench_mem",
        pieces=pieces,
        needs=needs_of(spec, images),
        grid=None if places is None else (isqrt(places), isqrt(places)),
        base=base_of(spec, images),
        spec=spec,
    )


def base_of(spec: VideoSpec, images: bool) -> Literal["video.image_embed", "video.embed"] | None:
    """A kernel that clips trained is better than one that images trained; but it must be there."""
    if images:
        return "video.image_embed"
    return "video.embed" if spec.single_frames else None


def needs_of(spec: VideoSpec, images: bool) -> dict[str, Any]:
    needs = {axis: value_of(spec, axis) for axis in SHARED}
    if not spec.own_kernels:
        needs["positions"] = spec.positions
        if base_of(spec, images) is None:
            needs["tubelet_frames"] = spec.tubelet_frames
    return needs


def only_images(facts: Mapping[str, Any]) -> bool:
    """Do the facts name stages, each fed images alone?"""
    stages = facts.get("stages") or [{}]
    return all(isinstance(each, Mapping) and each.get("feeds") == "images" for each in stages)


def lora(recipe: Recipe) -> tuple[int | None, float]:
    """Rank and scale, which is what tells LoRA's matrices of two recipes apart."""
    rank = recipe.lora_rank if recipe.train == "lora" else None
    return rank, 0.0 if rank is None else (recipe.lora_alpha or rank) / rank


def merged(pieces: Mapping[str, Piece], recipe: Recipe) -> dict[str, Piece]:
    """The same function without LoRA: every change added to its matrix."""
    _, scale = lora(recipe)
    found = {}
    for name, piece in pieces.items():
        if name.endswith((".lora_a", ".lora_b")):
            continue
        above = name.removesuffix(".weight")
        if name != above and f"{above}.lora_a" in pieces:
            a, b = pieces[f"{above}.lora_a"], pieces[f"{above}.lora_b"]
            change: Tensor = whole_change(a.tensor, b.tensor, scale)
            names = (*piece.source, *a.source, *b.source)
            piece = Piece(piece.tensor + change, names, "LoRA's change merged")
        found[name] = piece
    return found
