"""Weights under our names into an encoder, tensor by tensor, with a report of each.

Never drops a tensor in silence: what is neither expected nor allowed is an error, before anything
is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.patches import TubeEmbed
from vbench_mem.encoders.similarity import at_least_float32
from vbench_mem.encoders.spec import WeightGroups, in_group, starts_at_zero
from vbench_mem.encoders.tower import VideoTower
from vbench_mem.weights.expected import (
    NEUTRAL,
    image_name,
    is_clip_kernel,
    why_left_beside_captions,
    why_new,
    why_unused,
)
from vbench_mem.weights.held import Captions, Piece, SourceWeights, finite
from vbench_mem.weights.kernels import clip_kernel, longer, stretched
from vbench_mem.weights.needs import check_needs
from vbench_mem.weights.report import Line, Report, check_allow, matches, refuse


@dataclass(frozen=True)
class PlacedTensor:
    """One tensor of the encoder: its line, its value unless the encoder's own start stays, and the
    piece that it was made of."""

    line: Line
    tensor: Tensor | None = None
    used: str | None = None


def place(
    held: SourceWeights, encoder: DualEncoder, allow: tuple[str, ...] = (), *, as_is: bool = False
) -> Report:
    """Put them in; raises `UsageError` for a spec they do not fit and for any surprise."""
    report, made = plan(held, encoder, allow, as_is=as_is)
    refuse(report)
    encoder.load_state_dict(made, strict=False)
    return report


def plan(
    held: SourceWeights, encoder: DualEncoder, allow: tuple[str, ...] = (), *, as_is: bool = False
) -> tuple[Report, dict[str, Tensor]]:
    """What would be done and with which tensors; the encoder may be on the meta device.

    as_is  nothing will be trained: images are pooled as the weights were trained with, and a tensor
           that starts at random is a surprise

    Raises `UsageError` for a spec that the weights do not fit and for a shape no rule resizes.
    """
    check_allow(allow)
    video = encoder.video
    captions = None
    if held.captions is not None and video.spec.text.tokenizer == "file":
        captions = held.captions()
    if captions is not None:
        held = with_captions(held, captions, as_is=as_is)
    check_needs(held.path, held.needs, video.spec)
    made = {name: make(name, each, held, video) for name, each in encoder.state_dict().items()}
    made = start_as_copies(made, video.spec.weights.copies)
    if as_is:
        groups = video.spec.weights
        made = {name: asked_untrained(each, groups) for name, each in made.items()}
    used = {each.used for each in made.values()}
    lines = [each.line for each in made.values()]
    lines += [unused(name, held, video) for name in held.pieces if name not in used]
    for name, left in held.left.items():
        why, expected = left.why or "unknown here", bool(left.why)
        lines.append(Line(fate="unused", name=name, shape=left.shape, why=why, expected=expected))
    report = Report(
        path=held.path,
        source=held.kind,
        lines=tuple(allowed(line, allow) for line in lines),
        notes=held.notes,
        bias=None if captions is None else captions.bias,
    )
    return report, {name: each.tensor for name, each in made.items() if each.tensor is not None}


def with_captions(held: SourceWeights, captions: Captions, *, as_is: bool) -> SourceWeights:
    used = {name for piece in captions.pieces.values() for name in piece.source}
    left = {}
    for name, each in held.left.items():
        if name not in used:
            left[name] = replace(each, why=why_left_beside_captions(name, each.why))
    needs = {**held.needs, **captions.needs}
    if as_is and captions.pooling is not None:
        needs["pooling"] = captions.pooling
    return replace(
        held,
        pieces={**held.pieces, **captions.pieces},
        left=left,
        needs=needs,
        notes=(*held.notes, *captions.notes),
    )


def asked_untrained(made: PlacedTensor, groups: WeightGroups) -> PlacedTensor:
    """A surprise where it starts at random and counts for something."""
    line = made.line
    if line.fate != "new" or made.tensor is not None or any(part in line.name for part in NEUTRAL):
        return made
    name = line.name.removeprefix("video.")
    if starts_at_zero(name, groups) or in_group(name, groups.without_effect):
        return made
    return replace(made, line=replace(line, why=f"{line.why}; nothing trains it", expected=False))


def make(name: str, target: Tensor, held: SourceWeights, video: VideoTower) -> PlacedTensor:
    """One tensor of the encoder out of the pieces."""
    pieces = held.pieces
    of_frames = held.base is not None and is_clip_kernel(name, video.spec)
    key = f"{held.base}.{name.rpartition('.')[2]}" if of_frames else renamed(name, held, video)
    if key not in pieces:
        return new(name, target, held, video)
    piece, how = pieces[key], ""
    tensor = at_least_float32(finite(held.path, piece).tensor)
    if of_frames and not name.endswith(".bias"):
        module = video.get_submodule(name.removeprefix("video.").rpartition(".")[0])
        assert isinstance(module, TubeEmbed)
        patch_px, inflation = video.spec.patch_px, video.spec.inflation
        tensor, how = clip_kernel(tensor, patch_px, module.tube, inflation)
    elif name == "video.positions":
        assert held.grid is not None
        tensor, how = stretched(tensor, held.grid, video.position_grid())
    elif name == "video.time_positions" and len(tensor) != len(target):
        tensor, how = longer(tensor, len(target)), "linear in time"
    elif held.spec is None and name == "video.head.weight" and tensor.shape != target.shape:
        return new(name, target, held, video)
    return fitted(name, target, piece, tensor, how, key, held)


def renamed(name: str, held: SourceWeights, video: VideoTower) -> str:
    """The name in the source; empty where an encoder of another family has no such weight."""
    if held.spec is not None and held.spec.layout == video.spec.layout:
        return name
    return image_name(name, video.spec) or ""


def fitted(
    name: str,
    target: Tensor,
    piece: Piece,
    tensor: Tensor,
    how: str,
    key: str,
    held: SourceWeights,
) -> PlacedTensor:
    """Raises `UsageError` where the shape is not the encoder's."""
    if tensor.shape != target.shape:
        there, here = ("x".join(map(str, each.shape)) for each in (piece.tensor, target))
        raise UsageError(
            f"{held.path}: {', '.join(piece.source)} is {there} and {name} is {here}, which no "
            "rule makes of it; choose an encoder of the file's sizes"
        )
    dtype = piece.tensor.dtype
    cast = "" if dtype == target.dtype else f"from {str(dtype).removeprefix('torch.')}"
    line = Line(
        fate="resized" if how else "loaded",
        name=name,
        source=piece.source,
        shape=tuple(target.shape),
        before=tuple(piece.tensor.shape) if how else None,
        why=", ".join(filter(None, (piece.how, how, cast))),
    )
    return PlacedTensor(line, tensor, key)


def new(name: str, target: Tensor, held: SourceWeights, video: VideoTower) -> PlacedTensor:
    """Left as the encoder started it."""
    shape = tuple(target.shape)
    groups = video.spec.weights
    if name.endswith(".bias") and in_group(name, groups.clips | groups.images):
        zeros = torch.zeros(shape)
        return PlacedTensor(
            Line(fate="new", name=name, shape=shape, why="zeros: the source has none"), zeros
        )
    why, expected = why_new(name, held, video.spec)
    return PlacedTensor(Line(fate="new", name=name, shape=shape, why=why, expected=expected))


def start_as_copies(
    made: Mapping[str, PlacedTensor], copies: Mapping[str, str]
) -> dict[str, PlacedTensor]:
    """New weights that the family starts as copies of others beside them, as it does by itself."""
    found = dict(made)
    for name, each in made.items():
        for new, old in copies.items():
            other = made.get(name.replace(f".{new}.", f".{old}."))
            if each.line.fate != "new" or f".{new}." not in name or other is None:
                continue
            if other.tensor is not None:
                why = f"starts as a copy of {old}"
                found[name] = PlacedTensor(
                    replace(each.line, source=other.line.source, why=why), other.tensor
                )
    return found


def unused(name: str, held: SourceWeights, video: VideoTower) -> Line:
    """A piece without a place, by its names in the file."""
    piece = held.pieces[name]
    why, expected = why_unused(name, held, video.spec)
    names, shape = ", ".join(piece.source), tuple(piece.tensor.shape)
    return Line(fate="unused", name=names, shape=shape, why=why, expected=expected)


def allowed(line: Line, allow: tuple[str, ...]) -> Line:
    if line.expected or not matches(line, allow):
        return line
    return replace(line, why=f"{line.why}; allowed", expected=True)
