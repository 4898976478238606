"""Tensors of a published model -> our tensors: joined, transposed, folded, summed.

Legend: D width, N places of a table, E shared space, C channels, T frames of a kernel.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.similarity import at_least_float32
from vbench_mem.encoders.spec import CHANNELS
from vbench_mem.weights.held import Piece
from vbench_mem.weights.kernels import image_kernel
from vbench_mem.weights.pixels import Pixels, folded

UNCHANGED = re.compile(
    r"(pre_norm|norm|pool\.(query|q|kv|proj|norm|mlp\.fc[12])|head)(\.weight|\.bias|)"
    r"|blocks\.\d+\.(norm1|norm2|mlp\.fc1|attn\.qkv|attn\.proj|mlp\.fc2)\.(weight|bias)"
)
QKV = "qkv"


@dataclass(frozen=True)
class Parts:
    """A source's tensors by part, and where they come from, for messages."""

    path: str
    by_name: Mapping[str, Piece]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Piece:
        if name not in self.by_name:
            raise UsageError(f"{self.path}: its {name} is missing; copy the files again")
        return self.by_name[name]

    def get(self, name: str) -> Piece | None:
        return self.by_name.get(name)

    @property
    def depth(self) -> int:
        found = [re.match(r"blocks\.(\d+)\.", name) for name in self.by_name]
        return max((int(match[1]) + 1 for match in found if match), default=0)

    @property
    def kernel(self) -> Tensor:
        """(D, C, H, W), or with T before H; raises `UsageError` for another."""
        kernel = self["patch.weight"].tensor
        if kernel.dim() not in (4, 5) or kernel.shape[1] != CHANNELS:
            shape_text = "x".join(map(str, kernel.shape))
            raise UsageError(
                f"{self.path}: its patch kernel is {shape_text}; it must be of red, green, blue"
            )
        if kernel.shape[-1] != kernel.shape[-2]:
            shape_text = "x".join(map(str, kernel.shape[-2:]))
            raise UsageError(f"{self.path}: its patches are {shape_text} px; ours are square")
        return kernel


def assemble(parts: Parts, pixels: Pixels | None) -> dict[str, Piece]:
    """All tensors but positions and class token; raises `UsageError` where a part is missing."""
    pieces = {f"video.{name}": piece for name, piece in tower(parts).items()}
    if "pool.qkv.weight" in parts:
        pieces |= pooling(parts)
    return pieces | patches(parts, pixels)


def tower(parts: Parts) -> dict[str, Piece]:
    """Layers, norms and the projection, by name within their tower."""
    pieces = {name: piece for name, piece in parts.by_name.items() if UNCHANGED.fullmatch(name)}
    for number in range(parts.depth):
        layer = f"blocks.{number}."
        pieces |= attention(parts, layer)
        for scale, matrix in (("scale1", "attn.proj"), ("scale2", "mlp.fc2")):
            if layer + scale in parts:
                pieces |= scaled(parts, layer + scale, layer + matrix)
    if "head.columns" in parts:
        columns = parts["head.columns"]
        turned = columns.tensor.T.contiguous()
        pieces["head.weight"] = replace(columns, tensor=turned, how="transposed")
    return pieces


def attention(parts: Parts, layer: str) -> dict[str, Piece]:
    """Queries, keys and values as one matrix; a bias that the source lacks is zero, which is the
    same function."""
    zeros = Piece(torch.zeros(len(parts[f"{layer}attn.proj.weight"].tensor)), ())
    found = {}
    if f"{layer}attn.qkv.weight" not in parts:
        three = [parts[f"{layer}attn.{each}.weight"] for each in QKV]
        found[f"{layer}attn.qkv.weight"] = joined(three)
    if f"{layer}attn.qkv.bias" not in parts:
        names = {each: f"{layer}attn.{each}.bias" for each in QKV}
        three = [parts.get(name) or zeros for name in names.values()]
        lacking = [each for each, name in names.items() if name not in parts]
        how = f"zeros for {', '.join(lacking)}: the source has none" if lacking else ""
        found[f"{layer}attn.qkv.bias"] = replace(joined(three), how=how)
    if f"{layer}attn.proj.bias" not in parts:
        found[f"{layer}attn.proj.bias"] = replace(zeros, how="zeros: the source has none")
    return found


def joined(three: list[Piece]) -> Piece:
    names = tuple(name for each in three for name in each.source)
    return Piece(torch.cat([each.tensor for each in three]), names)


def scaled(parts: Parts, scale: str, matrix: str) -> dict[str, Piece]:
    """A layer scale folded into the matrix before it, which is the same function."""
    gamma, found = parts[scale], {}
    for end in ("weight", "bias"):
        piece = parts[f"{matrix}.{end}"]
        factor = gamma.tensor[:, None] if end == "weight" else gamma.tensor
        found[f"{matrix}.{end}"] = Piece(
            at_least_float32(piece.tensor) * factor,
            piece.source + gamma.source,
            "its layer scale folded in",
        )
    return found


def pooling(parts: Parts) -> dict[str, Piece]:
    """torch's one matrix for queries, keys and values -> ours for queries, and for both others."""
    found = {}
    for end in ("weight", "bias"):
        whole = parts[f"pool.qkv.{end}"]
        width = len(whole.tensor) // 3
        for name, tensor in (("q", whole.tensor[:width]), ("kv", whole.tensor[width:])):
            found[f"video.pool.{name}.{end}"] = replace(whole, tensor=tensor, how="its part")
    return found


def patches(parts: Parts, pixels: Pixels | None) -> dict[str, Piece]:
    """The kernel of an image model embeds images; that of a video model embeds clips and, summed
    over time, images."""
    kernel, piece, how = parts.kernel, parts["patch.weight"], ""
    names = piece.source
    bias = parts.get("patch.bias")
    if pixels is not None and not pixels.are_ours and bias is not None:
        how = "made for pixels normalised as here"
        kernel, shifted = folded(at_least_float32(kernel), at_least_float32(bias.tensor), pixels)
        bias = Piece(shifted, (*bias.source, *names), how)
    flat = Piece(kernel.flatten(1), names, how)
    found = {}
    if kernel.dim() == 5:
        found["video.embed.weight"] = flat
        summed = image_kernel(at_least_float32(flat.tensor), kernel.shape[2])
        how = ", ".join(filter(None, (how, f"summed over {kernel.shape[2]} frames")))
        found["video.image_embed.weight"] = Piece(summed, names, how)
    else:
        found["video.image_embed.weight"] = flat
    if bias is not None:
        found |= {name.replace("weight", "bias"): bias for name in found}
    return found
