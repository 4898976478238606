"""Weights of one source under our names, whatever they were called, before they meet an encoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.spec import Pooling, VideoSpec
from vbench_mem.weights.kinds import Kind
from vbench_mem.weights.report import Shape


@dataclass(frozen=True)
class Piece:
    """A tensor with our name: the names in the file that it was made of, and how it was."""

    tensor: Tensor
    source: tuple[str, ...]
    how: str = ""


def finite(path: str, piece: Piece) -> Piece:
    """The piece; raises `UsageError` where it holds anything but finite real numbers."""
    tensor = piece.tensor
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor.float()).all()):
        raise UsageError(
            f"{path}: {', '.join(piece.source)} holds what is no finite number; "
            "copy the file again or take an earlier one"
        )
    return piece


@dataclass(frozen=True)
class UnusedTensor:
    """A tensor of the file that has no place in any encoder of ours, and why if that is known."""

    shape: Shape
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Captions:
    """What a published pair has beside its vision side, for an encoder that reads captions as it
    does.

    pieces   its caption tower, both projections, its temperature
    needs    what they ask of a spec
    pooling  of its images; another one gives features that its captions were not trained with
    bias     of the sigmoid loss
    """

    pieces: Mapping[str, Piece]
    needs: Mapping[str, Any]
    pooling: Pooling | None
    bias: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceWeights:
    """All of a source.

    pieces  by name in `DualEncoder.state_dict`; position tables are (T, P, D)
    left    what has no place here, by its name in the file
    needs   what the weights ask of a spec, by the name of the axis: `tower.depth: 12`
    grid    rows and columns of the position table, where there is one
    base    the kernel over one image or frame that kernels of clips are made of, by its name; none
            where the source has kernels of clips
    spec    of one of ours
    captions  the rest of a published pair, looked at only where it is wanted
    notes   what a reader should know besides
    """

    path: str
    kind: Kind
    pieces: Mapping[str, Piece]
    left: Mapping[str, UnusedTensor] = field(default_factory=dict)
    needs: Mapping[str, Any] = field(default_factory=dict)
    grid: tuple[int, int] | None = None
    base: Literal["video.image_embed", "video.embed"] | None = None
    spec: VideoSpec | None = None
    captions: Callable[[], Captions | None] | None = None
    notes: tuple[str, ...] = ()
