"""What a video encoder is, as frozen data: what all families share. No torch.

A spec says everything that fixes the mathematics and the parameters of an encoder except the number
of frames and the resolution, which belong to the load. Every field is a plain value, so that any of
them can be an axis of a matrix and all of them go into a cell's id.

A family is a subclass in `families/<name>.py` with a module in `towers/<name>.py`. Other code reads
the attributes below and never the name of a family.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

from vbench_mem.base.load import Load
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.grid import Grid, Kept, Stack, clip_grid, share_kept
from vbench_mem.encoders.operations import Operation
from vbench_mem.encoders.sizes import VIDEO_SIZES, Tower
from vbench_mem.encoders.text_spec import Activation, Text

CHANNELS = 3
MaskKind = Literal["random", "tube", "frame"]
Inflation = Literal["average", "repeat", "central"]
Positions = Literal["learned", "sinusoidal"]
Pooling = Literal["mean", "class", "attention", "map"]
# How the frames of a clip meet: all tokens at once, along one axis at a time, or only when pooled.
Mixing = Literal["space_time", "by_axis", "per_frame"]

PLACE_MASKS: Mapping[MaskKind, str] = {
    "tube": "the same places in every tubelet frame, so that each kept place still has a history",
    "frame": "whole tubelet frames",
}
FRAME_MASKS: Mapping[MaskKind, str] = {
    "random": "equally many tokens in each frame, drawn frame by frame",
    "tube": "the same places in every frame",
    "frame": "whole frames",
}


NO_DECAY = frozenset({"positions", "class_token", "query"})


@dataclass(frozen=True, kw_only=True)
class WeightGroups:
    """Which weights of a video tower are what, by names of modules and parameters: a weight is in a
    group where a part of its dotted name is.

    clips     patch embeddings that only clips go through; `images`: only images
    temporal  what `train: temporal_only` trains; empty where nothing can be trained alone
    gates     numbers that shut off what lies behind them at the start: they train with LoRA, or
              nothing behind them would learn
    no_decay  tables and vectors that are added to features instead of multiplied with them
    copies    what starts as a copy of another module beside it: `time_attn` of `attn`
    zeros     what starts at zero, by the end of its path (`time_attn.proj`): the branch that it
              ends has no effect at the start
    without_effect   what counts for nothing at the start, since all of it goes through zeros
    images_as where an image encoder has this weight under another name; None where it has none
    """

    clips: frozenset[str] = frozenset({"embed"})
    images: frozenset[str] = frozenset({"image_embed"})
    temporal: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    no_decay: frozenset[str] = NO_DECAY
    copies: Mapping[str, str] = field(default_factory=dict)
    zeros: frozenset[str] = frozenset()
    without_effect: frozenset[str] = frozenset()
    images_as: Mapping[str, str | None] = field(default_factory=dict)


WEIGHTS = WeightGroups()


def in_group(name: str, group: frozenset[str]) -> bool:
    """Is the weight of this dotted name in the group?"""
    return not group.isdisjoint(name.split("."))


def starts_at_zero(name: str, groups: WeightGroups) -> bool:
    """Does the weight of this dotted name start at zero because its family says so?"""
    return any(f".{path}." in f".{name}." for path in groups.zeros)


@dataclass(frozen=True, kw_only=True)
class VideoSpec:
    """What every family has. `resolution_px` is the side of a square frame; a load may set another.

    pooling   `mean` over all space-time tokens, the `class` token, `attention` with one query, or
              SigLIP's `map`: attention and a feed-forward, frame by frame in frame-level encoders
    pre_norm  a layer norm between the embedding and the first block (CLIP has one)
    """

    __pydantic_config__ = STRICT

    layout: str  # the family's name; each family narrows it to its own
    tower: Tower = VIDEO_SIZES["B"]
    text: Text = field(default_factory=Text)
    embed_dim: int = 512
    resolution_px: int = 256
    patch_px: int = 16
    tubelet_frames: int = 2
    patch_bias: bool = True
    inflation: Inflation = "average"
    positions: Positions = "learned"
    class_token: bool = False
    pre_norm: bool = False
    activation: Activation = "gelu"
    norm_eps: float = 1e-6
    pooling: Pooling = "mean"

    # What each family defines:
    # its class in `towers/<layout>.py`, imported when an encoder is built
    tower_class: ClassVar[str]
    mixing: ClassVar[Mixing]
    # What a mask kind means here; a kind that is not a key is refused. The first is the family's
    # default, used where a recipe names none.
    masks: ClassVar[Mapping[MaskKind, str]]
    masks_any_token: ClassVar[bool] = False  # may a random mask take any tokens of the clip?
    takes_class_token: ClassVar[bool] = False
    single_frames: ClassVar[bool] = False  # are its clips embedded by the kernel of an image?
    own_kernels: ClassVar[bool] = False  # kernels of its own in place of patch and tubelet

    def __post_init__(self) -> None:
        if self.class_token and not self.takes_class_token:
            raise ValueError(f"{type(self).__name__} cannot carry a class token; use pooling: mean")
        if self.pooling == "class" and not self.class_token:
            raise ValueError("pooling: class needs class_token: true")
        if min(self.embed_dim, self.resolution_px, self.patch_px, self.tubelet_frames) < 1:
            raise ValueError(
                "embed_dim, resolution_px, patch_px and tubelet_frames must be positive"
            )
        if self.norm_eps <= 0:
            raise ValueError(f"norm_eps must be positive, got {self.norm_eps}")

    @property
    def family(self) -> str:
        """The name of this kind of encoder in tables and legends: the layout, unless a family has
        several kinds."""
        return self.layout

    @property
    def paper_name(self) -> str | None:
        """What the tables of arXiv:2312.07395 call this encoder; None for one that is not there."""
        return None

    @property
    def is_plain(self) -> bool:
        """Mean pooling, and patches as the family has them where nothing else is said."""
        own = type(self)
        patches = (self.patch_px, self.tubelet_frames) == (own.patch_px, own.tubelet_frames)
        return patches and self.pooling == "mean" and not (self.class_token or self.pre_norm)

    @property
    def weights(self) -> WeightGroups:
        """Which weights of the tower are what."""
        return WEIGHTS

    @property
    def class_token_spans_frames(self) -> bool:
        """Does the class token see several frames at once? Then a still clip, which has more tokens
        beside it than its image, has another feature."""
        return False

    # tokens

    def grids(self, load: Load) -> list[Grid]:
        """The tokens of one clip, class tokens not counted: a grid for each kernel that embeds it.

        Raises `UsageError` for a load that the kernels do not fit.
        """
        grid = clip_grid(self.tubelet_frames, self.patch_px, load.frames, load.resolution_px)
        return [grid]

    def tokens(self, load: Load) -> int:
        """Space-time tokens of one clip as they enter the first layer."""
        return sum(grid.tokens for grid in self.grids(load))

    def keep(self, kind: MaskKind, mask: float, load: Load) -> Kept:
        """What a mask of this kind leaves of one clip, perhaps nothing."""
        if kind == "random" and self.masks_any_token:
            return Kept(1, share_kept(self.tokens(load), mask))
        (grid,) = self.grids(load)
        if kind == "frame":
            return Kept(share_kept(grid.frames, mask), grid.places)
        return Kept(grid.frames, share_kept(grid.places, mask))

    # layers

    def stacks(self) -> tuple[Stack, ...]:
        """All layers in order of depth; layers that see unlike numbers of tokens are unlike."""
        return (Stack(path="blocks", depth=self.tower.depth),)

    @property
    def layers(self) -> int:
        return sum(stack.depth for stack in self.stacks())

    def with_depth(self, stack: int, depth: int) -> Self | None:
        """The same encoder with so many layers in a stack; None where that stack stays as it is."""
        if stack == 0:
            return replace(self, tower=replace(self.tower, depth=depth))
        return None

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        """What layer number `layer`, counted over all stacks, multiplies for one clip of which the
        first layer sees `kept`, in order of execution."""
        raise NotImplementedError

    def patches(self, load: Load, kept: Kept) -> list[tuple[int, int]]:
        """(tokens, values in each) of every patch embedding that one clip goes through."""
        return [(kept.tokens, CHANNELS * self.tubelet_frames * self.patch_px**2)]

    def pooled(self, kept: Kept) -> tuple[int, int]:
        """(sequences, tokens in each) over which one clip is pooled by attention."""
        return 1, kept.tokens
