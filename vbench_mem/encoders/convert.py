"""Weights of other libraries and of other lengths, renamed or stretched for a video tower.

Never reads a file and never drops a weight in silence: what has no place here is returned by name.
"""

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from vbench_mem.encoders.frame_level import FactorizedEncoderTower
from vbench_mem.encoders.positions import resize
from vbench_mem.encoders.tokens import Grid
from vbench_mem.encoders.tower import VideoTower

# transformers' names, before and after its version 5, for ViTModel, VivitModel, CLIPVisionModel.
LAYER = re.compile(r"(?:encoder\.layers?|layers)\.(\d+)\.(.+)\.(weight|bias)")
IN_LAYER = {
    "norm1": ("layernorm_before", "layer_norm1"),
    "norm2": ("layernorm_after", "layer_norm2"),
    "attn.q": ("attention.attention.query", "attention.q_proj", "self_attn.q_proj"),
    "attn.k": ("attention.attention.key", "attention.k_proj", "self_attn.k_proj"),
    "attn.v": ("attention.attention.value", "attention.v_proj", "self_attn.v_proj"),
    "attn.proj": ("attention.output.dense", "attention.o_proj", "self_attn.out_proj"),
    "mlp.fc1": ("intermediate.dense", "mlp.fc1"),
    "mlp.fc2": ("output.dense", "mlp.fc2"),
}
OUTSIDE = {
    "norm.weight": ("layernorm.weight", "post_layernorm.weight"),
    "norm.bias": ("layernorm.bias", "post_layernorm.bias"),
    "pre_norm.weight": ("pre_layrnorm.weight",),
    "pre_norm.bias": ("pre_layrnorm.bias",),
    "patch.weight": (
        "embeddings.patch_embeddings.projection.weight",
        "embeddings.patch_embedding.weight",
    ),
    "patch.bias": ("embeddings.patch_embeddings.projection.bias",),
    "class": ("embeddings.cls_token", "embeddings.class_embedding"),
    "table": ("embeddings.position_embeddings", "embeddings.position_embedding.weight"),
}
OURS_IN_LAYER = {theirs: ours for ours, names in IN_LAYER.items() for theirs in names}
OURS_OUTSIDE = {theirs: ours for ours, names in OUTSIDE.items() for theirs in names}


def rename(name: str) -> str | None:
    """Our name for one of transformers' weights; q, k, v and the embeddings are yet to join."""
    bare = re.sub(r"^(vivit|vit|vision_model)\.", "", name)
    match = LAYER.fullmatch(bare)
    if match is None:
        return OURS_OUTSIDE.get(bare)
    ours = OURS_IN_LAYER.get(match[2])
    return None if ours is None else f"blocks.{match[1]}.{ours}.{match[3]}"


def from_transformers(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """A video tower's weights from a ViTModel, VivitModel or CLIPVisionModel state.

    Returns our state (without `head`, which these models lack) and the names that found no place.
    The spec must say what such weights need: class_token, pooling: class, and
        VivitModel       Joint, activation: gelu_tanh, norm_eps: 1e-6
        ViTModel         FrameLevel, activation: gelu, norm_eps: 1e-12
        CLIPVisionModel  FrameLevel, activation: quick_gelu, norm_eps: 1e-5, pre_norm, no patch_bias
    Check: features equal those of the model the weights came from.
    """
    found = {name: rename(name) for name in state}
    parts = {ours: state[name] for name, ours in found.items() if ours is not None}
    ours = {name: weight for name, weight in parts.items() if name.startswith(("norm", "pre_norm"))}
    for name, weight in parts.items():
        if match := re.fullmatch(r"(blocks\.\d+\.attn\.)q\.(weight|bias)", name):
            three = [parts[f"{match[1]}{part}.{match[2]}"] for part in "qkv"]
            ours[f"{match[1]}qkv.{match[2]}"] = torch.cat(three)
        elif name.startswith("blocks.") and not re.search(r"attn\.[kv]\.", name):
            ours[name] = weight
    ours.update(embedding(parts))
    return ours, sorted(name for name, new in found.items() if new is None)


def embedding(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Patch kernels, the class token with its position added, and the other positions."""
    kernel = parts["patch.weight"]
    table_ND = parts["table"].flatten(0, -2)
    width = table_ND.shape[-1]
    ours = {
        "embed.weight": kernel.flatten(1),
        "class_token": (parts["class"].flatten() + table_ND[0]).view(1, 1, width),
        # one row of places: `stretched` reshapes it to the tower's times and places
        "positions": table_ND[1:][None],
    }
    if "patch.bias" in parts:
        ours["embed.bias"] = parts["patch.bias"]
    if kernel.dim() == 4:  # an image model: its kernel embeds images here too
        for name in [name for name in ours if name.startswith("embed.")]:
            ours[f"image_{name}"] = ours[name]
    return ours


def stretched(state: Mapping[str, Tensor], old: Grid, tower: VideoTower) -> dict[str, Tensor]:
    """A state made for the grid `old`, with its position tables resized to the tower's.

    Linear along time, bilinear in space: 16-frame weights start a 256-frame encoder. Masks, layers
    and tubes know nothing of the length and stay as they are.
    """
    new = dict(state)
    if isinstance(new.get("positions"), Tensor):
        table = new["positions"].reshape(-1, old.places, tower.spec.tower.width)
        held = Grid(len(table), old.rows, old.columns)  # an image encoder's table has no times
        new["positions"] = resize(table, held, tower.position_grid())
    if isinstance(tower, FactorizedEncoderTower) and "time_positions" in new:
        table_1DT = new["time_positions"].T[None]
        longer = F.interpolate(table_1DT, size=tower.grid.frames, mode="linear")
        new["time_positions"] = longer[0].T
    return new
