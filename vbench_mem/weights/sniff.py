"""What weights are, by the names of their tensors and the config beside them. No torch.

Never guesses: what is not known by its published names is refused with what was found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vbench_mem.base.errors import UsageError
from vbench_mem.weights.find import SAFE, Files, find
from vbench_mem.weights.header import read_header

if TYPE_CHECKING:
    from vbench_mem.weights.held import Kind

SHOWN = 3
# A transformers config's model_type -> what it is here.
MODEL_TYPES: "dict[str, Kind]" = {
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


@dataclass(frozen=True)
class Source:
    """Known weights."""

    kind: "Kind"
    files: Files


def sniff(path: Path) -> Source:
    """What lies at a local path; raises `UsageError` where it is none of the known kinds."""
    files = find(path)
    return Source(kind_of(files, names_in(files)), files)


def names_in(files: Files) -> list[str]:
    """Names of all tensors; of safetensors only the headers are read."""
    if all(file.suffix == SAFE for file in files.weights):
        return [name for file in files.weights for name in read_header(file).shapes]
    from vbench_mem.weights.read import read_tensors

    return list(read_tensors(files))


def kind_of(files: Files, found: Iterable[str]) -> "Kind":
    """By our header, then by names no other library has, then by transformers' config."""
    if files.is_own:
        return "vbench_mem"
    names = {name.removeprefix("module.") for name in found}
    if "visual.conv1.weight" in names or any(name.startswith("visual.trunk.") for name in names):
        return "open_clip"
    if {"patch_embed.proj.weight", "blocks.0.attn.proj.weight"} <= names:
        return "timm"
    model_type = files.configs.get("config.json", {}).get("model_type")
    like = any("embeddings.patch_embedding" in name for name in names)
    if model_type in MODEL_TYPES and like:
        return MODEL_TYPES[model_type]
    shown = ", ".join(sorted(names)[:SHOWN])
    holds = f"it holds {shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
    if model_type is not None:
        raise UsageError(
            f"{files.path}: unknown weights: config.json says {model_type} and {holds}; "
            f"known are {KNOWN}"
        )
    if like:
        raise UsageError(
            f"{files.path}: looks like transformers' weights but config.json is not beside them; "
            "put it there"
        )
    raise UsageError(f"{files.path}: unknown weights: {holds}; known are {KNOWN}")
