"""Weights of other libraries under our names, with what their shapes and config require of a spec.

Legend: N places of a table, T P times and places in each, D width.
"""

import re
from functools import partial
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.positions import LONGEST
from vbench_mem.encoders.similarity import at_least_float32
from vbench_mem.weights.assemble import Parts, assemble
from vbench_mem.weights.captions import captions_of
from vbench_mem.weights.configs import VisionConfig, vision_config_of
from vbench_mem.weights.find import Files
from vbench_mem.weights.held import Piece, SourceWeights, UnusedTensor, finite
from vbench_mem.weights.kinds import Kind
from vbench_mem.weights.names import TIMM, names_of
from vbench_mem.weights.pixels import Pixels, pixels_of

BLOCK = re.compile(r"^module\.")


def from_published(kind: Kind, files: Files, tensors: dict[str, Tensor]) -> SourceWeights:
    """All tensors of a known kind; raises `UsageError` where a required one is missing or the
    config does not fit the shapes."""
    path = str(files.path)
    bare = {BLOCK.sub("", name): each for name, each in tensors.items()}
    names = names_of(kind, set(bare))
    found = {name: names.part(name) for name in bare}
    by_part: dict[str, Piece] = {}
    for name, part in found.items():
        if part is not None:
            if part in by_part:
                raise UsageError(
                    f"{path}: {name} and {by_part[part].source[0]} are the same part; "
                    "save one model to a file"
                )
            by_part[part] = finite(path, Piece(bare[name], (name,)))
    parts = Parts(path, by_part)
    config = vision_config_of("timm" if names is TIMM else kind, files, parts.kernel.shape[0])
    pixels = pixels_of(files)
    pieces = assemble(parts, pixels)
    placed, grid = positions(kind, parts, config)
    return SourceWeights(
        path=path,
        kind=kind,
        pieces=pieces | placed,
        left={
            name: UnusedTensor(tuple(bare[name].shape), names.why_left(name))
            for name, part in found.items()
            if part is None
        },
        needs=needs_of(parts, config),
        grid=grid,
        base="video.image_embed" if parts.kernel.dim() == 4 else None,
        captions=partial(captions_of, kind, files, bare, parts),
        notes=tuple(notes(kind, config, pixels, parts)),
    )


def needs_of(parts: Parts, config: VisionConfig) -> dict[str, Any]:
    """By axis; values that no config states are left out."""
    kernel = parts.kernel
    known: dict[str, Any] = {
        "tower.width": kernel.shape[0],
        "tower.depth": parts.depth,
        "tower.heads": config.heads,
        "tower.mlp": parts["blocks.0.mlp.fc1.weight"].tensor.shape[0],
        "patch_px": kernel.shape[-1],
        "tubelet_frames": kernel.shape[2] if kernel.dim() == 5 else None,
        "patch_bias": True if "patch.bias" in parts else None,
        "class_token": "class" in parts,
        "pre_norm": "pre_norm.weight" in parts,
        "positions": "learned",
        "activation": config.activation,
        "norm_eps": config.norm_eps,
    }
    return {axis: value for axis, value in known.items() if value is not None}


def positions(
    kind: Kind, parts: Parts, config: VisionConfig
) -> tuple[dict[str, Piece], tuple[int, int]]:
    """The table (T, P, D), the class token with its own position added, and the table's rows and
    columns."""
    kernel = parts.kernel
    width, patch = kernel.shape[0], kernel.shape[-1]
    times, places = 1, None
    if kernel.dim() == 5:
        if config.frames is None or config.side_px is None:
            raise UsageError(
                f"{parts.path}: no config states the frames and pixels of its positions; "
                "add num_frames and image_size, a whole number, to its config.json"
            )
        times, places = config.frames // kernel.shape[2], (config.side_px // patch) ** 2
    if kind == "videomae" and "table" not in parts:
        assert places is not None
        table, how = sines(times * places, width), "the source's fixed sines, free to train here"
        piece = Piece(table.view(times, places, width), (), how)
        return {"video.positions": piece}, (isqrt(places), isqrt(places))
    source = parts["table"]
    table_ND = source.tensor.flatten(0, -2)
    own, table_ND = split(parts, table_ND, None if places is None else times * places)
    side = isqrt(len(table_ND) // times)
    if side * side * times != len(table_ND):
        raise UsageError(
            f"{parts.path}: {len(table_ND)} positions are not a square grid at {times} times; "
            "ours are square"
        )
    found = {"video.positions": Piece(table_ND.view(times, side * side, width), source.source)}
    if "class" in parts:
        token = parts["class"]
        vector, how = token.tensor.flatten(), ""
        if own is not None:
            vector, how = at_least_float32(vector) + own, "with its position added"
        names = (*token.source, *(source.source if own is not None else ()))
        found["video.class_token"] = Piece(vector.view(1, 1, width), names, how)
    return found, (side, side)


def split(parts: Parts, table_ND: Tensor, expected: int | None) -> tuple[Tensor | None, Tensor]:
    """The class token's own row of the table, if it has one, and the others.

    Where no config states the number of the others, a square table has no row for it.
    """
    count = len(table_ND)
    if expected is not None and count - expected not in (0, 1):
        raise UsageError(
            f"{parts.path}: its table has {count} positions where its config.json states "
            f"{expected}; use both as published"
        )
    square = isqrt(count) ** 2 == count
    if "class" in parts and (count == expected + 1 if expected is not None else not square):
        return table_ND[0], table_ND[1:]
    return None, table_ND


def sines(count: int, width: int) -> Tensor:
    """VideoMAE's fixed positions: sines and cosines in turn, over all places in one row.

    Source: arXiv:1706.03762; transformers, modeling_videomae.py, get_sinusoid_encoding_table.
    """
    steps = torch.arange(width, dtype=torch.float64) // 2 * 2 / width
    angles = torch.arange(count, dtype=torch.float64)[:, None] / LONGEST**steps
    angles[:, 0::2] = angles[:, 0::2].sin()
    angles[:, 1::2] = angles[:, 1::2].cos()
    return angles.float()


def notes(kind: Kind, config: VisionConfig, pixels: Pixels | None, parts: Parts) -> list[str]:
    """Assumptions, one sentence each."""
    found = config.assumed()
    if pixels is None and kind != "clip":
        found.append(
            "no config states how its pixels were normalised: CLIP's normalisation is assumed"
        )
    elif pixels is not None and not pixels.are_ours and "patch.bias" not in parts:
        found.append(
            "its pixels were normalised otherwise than here, which cannot be corrected "
            "without a patch bias"
        )
    return found
