"""Identifies weights by the names of their tensors and the config beside them. No torch.

Never guesses: unknown weights are refused with the names that were found.
"""

from collections.abc import Iterable
from typing import Literal

from vbench_mem.base.errors import UsageError
from vbench_mem.weights.find import Files

Kind = Literal["vbench_mem", "clip", "siglip", "vit", "videomae", "vivit", "open_clip", "timm"]
SHOWN = 3
# A transformers config's model_type -> what it is here.
MODEL_TYPES: dict[str, Kind] = {
    "clip": "clip",
    "clip_vision_model": "clip",
    "siglip": "siglip",
    "siglip_vision_model": "siglip",
    "vit": "vit",
    "videomae": "videomae",
    "vivit": "vivit",
}
KNOWN = (
    "checkpoints of vbench-mem; transformers' CLIP, SigLIP, ViT, VideoMAE and ViViT with their "
    "config.json; state dicts of open_clip and timm"
)


def kind_of(files: Files, found: Iterable[str]) -> Kind:
    """Kind of the tensors named `found`: by our header, by names that only one library has, or by
    transformers' config. Raises `UsageError` for unknown weights."""
    if files.is_own:
        return "vbench_mem"
    names = {name.removeprefix("module.") for name in found}
    if "visual.conv1.weight" in names or any(name.startswith("visual.trunk.") for name in names):
        return "open_clip"
    if {"patch_embed.proj.weight", "blocks.0.attn.proj.weight"} <= names:
        return "timm"
    model_type = files.configs.get("config.json", {}).get("model_type")
    is_transformers = any("embeddings.patch_embedding" in name for name in names)
    if model_type in MODEL_TYPES and is_transformers:
        return MODEL_TYPES[model_type]
    shown = ", ".join(sorted(names)[:SHOWN])
    holds = f"it holds {shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
    if model_type is not None:
        raise UsageError(
            f"{files.path}: unknown weights: config.json says {model_type} and {holds}; "
            f"known are {KNOWN}"
        )
    if is_transformers:
        raise UsageError(
            f"{files.path}: looks like transformers' weights but config.json is not beside them; "
            "add it"
        )
    raise UsageError(f"{files.path}: unknown weights: {holds}; known are {KNOWN}")
