"""The caption tower of a published pair, its projections and its temperature, under our names.

Legend: E shared space.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.weights.assemble import Parts, tower
from vbench_mem.weights.configs import CaptionConfig, caption_config_of
from vbench_mem.weights.find import Files
from vbench_mem.weights.held import Captions, Piece
from vbench_mem.weights.kinds import Kind
from vbench_mem.weights.names_captions import CAPTIONS_OF

BIAS = "logit_bias"  # SigLIP's; part of the loss, not of an encoder


def captions_of(
    kind: Kind, files: Files, tensors: dict[str, Tensor], vision: Parts
) -> Captions | None:
    """Caption weights for an encoder that reads captions as the source does; None where the source
    has no known caption tower.

    Raises `UsageError` where a part of it is missing or its config cannot be understood.
    """
    if kind not in CAPTIONS_OF:
        return None
    named = {name: CAPTIONS_OF[kind].part(name) for name in tensors}
    parts = Parts(
        str(files.path),
        {part: Piece(tensors[name], (name,)) for name, part in named.items() if part is not None},
    )
    if "words.weight" not in parts:
        return None
    pieces = {f"text.{name}": piece for name, piece in tower(parts).items()}
    for name in ("words.weight", "places.weight"):
        pieces[f"text.{name}"] = parts[name]
    if (scale := parts.get("scale")) is not None:
        pieces["logit_scale"] = replace(scale, tensor=scale.tensor.reshape(()))
    if "head.weight" not in vision and "head.columns" not in vision:
        width = vision.kernel.shape[0]
        how = "the identity: the source projects captions alone"
        pieces["video.head.weight"] = Piece(torch.eye(width), (), how)
    config = caption_config_of(kind, files)
    return Captions(
        pieces=pieces,
        needs=needs_of(parts, pieces, config),
        pooling=config.pooling,
        bias=bias_of(parts.path, tensors.get(BIAS)),
        notes=tuple(config.assumed("text.")),
    )


def needs_of(parts: Parts, pieces: dict[str, Piece], config: CaptionConfig) -> dict[str, Any]:
    """By axis; values that no config states are left out."""
    head = pieces["text.head.weight"] if "text.head.weight" in pieces else parts["head.weight"]
    words, places = parts["words.weight"].tensor, parts["places.weight"].tensor
    known: dict[str, Any] = {
        "text.tower.width": words.shape[1],
        "text.tower.depth": parts.depth,
        "text.tower.heads": config.heads,
        "text.tower.mlp": parts["blocks.0.mlp.fc1.weight"].tensor.shape[0],
        "text.vocab": words.shape[0],
        "text.max_tokens": places.shape[0],
        "text.causal": config.causal,
        "text.feature": config.feature,
        "text.activation": config.activation,
        "text.norm_eps": config.norm_eps,
        "text.embed_norm": False,
        "text.head_bias": "text.head.bias" in pieces,
        "embed_dim": head.tensor.shape[0],
    }
    return {axis: value for axis, value in known.items() if value is not None}


def bias_of(path: str, tensor: Tensor | None) -> float | None:
    """Raises `UsageError` where it is anything but one number."""
    if tensor is None:
        return None
    if tensor.numel() != 1 or not bool(torch.isfinite(tensor.float()).all()):
        raise UsageError(f"{path}: {BIAS} is not one finite number; copy the file again")
    return float(tensor)
