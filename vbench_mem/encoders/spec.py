"""What an encoder is, as frozen data: one class per layout of attention. No torch.

A spec says everything that fixes the mathematics and the parameters of an encoder except the number
of frames and the resolution, which belong to the load. Every field is a plain value, so that any of
them can be an axis of a matrix and all of them go into a cell's id.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.sizes import TEXT_SIZES, VIDEO_SIZES, Tower
from vbench_mem.encoders.tokenizer_spec import TokenizerSpec

MaskKind = Literal["random", "tube", "frame"]
Inflation = Literal["average", "repeat", "central"]
Positions = Literal["learned", "sinusoidal"]
Activation = Literal["gelu", "gelu_tanh", "quick_gelu"]
Pooling = Literal["mean", "class", "attention", "map"]
Feature = Literal["mean", "end", "last"]


@dataclass(frozen=True, kw_only=True)
class Text(TokenizerSpec):
    """The caption tower: unless said otherwise a bidirectional transformer, mean over real tokens.

    causal      a token sees those before it alone (CLIP)
    feature     `mean` over real tokens; that of the `end` token (CLIP); that of the `last` of
                `max_tokens` places, where padding is seen like any token (SigLIP)
    embed_norm  a layer norm before the first block (BERT); head_bias  a bias at the end (SigLIP)

    Differs: the blocks normalise before attention, BERT's after it.
    """

    tower: Tower = TEXT_SIZES["medium"]
    max_tokens: int = 512
    causal: bool = False
    feature: Feature = "mean"
    activation: Activation = "gelu"
    norm_eps: float = 1e-12  # BERT's
    embed_norm: bool = True
    head_bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_tokens < 1 or self.norm_eps <= 0:
            raise ValueError("text.max_tokens and text.norm_eps must be positive")


@dataclass(frozen=True, kw_only=True)
class VideoSpec:
    """What every layout has. `resolution_px` is the side of a square frame unless a load says else.

    pooling   `mean` over all space-time tokens, the `class` token, `attention` with one query, or
              SigLIP's `map`: a feed-forward behind it, and frame by frame in a frame-level encoder
    pre_norm  a layer norm between the embedding and the first block (CLIP has one)
    """

    __pydantic_config__ = STRICT

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

    # What a mask kind means in this layout; a kind that is not a key is refused. The first is the
    # layout's own, taken where a recipe names none.
    MASKS: ClassVar[dict[MaskKind, str]] = {}
    CLASS_TOKEN: ClassVar[bool] = False  # can this layout carry a class token?
    TEMPORAL: ClassVar[bool] = False  # has it temporal attention that can be trained alone?

    @property
    def paper_name(self) -> str | None:
        """What the paper's tables call this encoder; None for any other."""
        fine = type(self)()
        if self.class_token or self.pre_norm:
            return None
        if (self.patch_px, self.tubelet_frames) != (fine.patch_px, fine.tubelet_frames):
            return None
        if isinstance(self, Joint | Factorized):
            kind = "Joint" if isinstance(self, Joint) else "Factorized"
            return f"{kind} ST-ViViT" if self.pooling == "mean" else None
        names = {"mean": "Frame-level, average", "attention": "Frame-level, attention pooling"}
        return names.get(self.pooling) if isinstance(self, FrameLevel) else None

    def __post_init__(self) -> None:
        if self.class_token and not self.CLASS_TOKEN:
            raise ValueError(f"{type(self).__name__} cannot carry a class token; use pooling: mean")
        if self.pooling == "class" and not self.class_token:
            raise ValueError("pooling: class needs class_token: true")
        if min(self.embed_dim, self.resolution_px, self.patch_px, self.tubelet_frames) < 1:
            raise ValueError(
                "embed_dim, resolution_px, patch_px and tubelet_frames must be positive"
            )
        if self.norm_eps <= 0:
            raise ValueError(f"norm_eps must be positive, got {self.norm_eps}")


@dataclass(frozen=True, kw_only=True)
class Joint(VideoSpec):
    """Plain ViT over all space-time tokens at once. Source: arXiv:2312.07395; ViViT model 1."""

    layout: Literal["joint"] = "joint"
    MASKS: ClassVar[dict[MaskKind, str]] = {
        "random": "any tokens of the clip, drawn per clip",
        "tube": "the same places in every tubelet frame",
        "frame": "whole tubelet frames",
    }
    CLASS_TOKEN: ClassVar[bool] = True


PLACE_MASKS: dict[MaskKind, str] = {
    "tube": "the same places in every tubelet frame, so that each kept place still has a history",
    "frame": "whole tubelet frames",
}
FRAME_MASKS: dict[MaskKind, str] = {
    "random": "equally many tokens in each frame, drawn frame by frame",
    "tube": "the same places in every frame",
    "frame": "whole frames",
}


@dataclass(frozen=True, kw_only=True)
class Factorized(VideoSpec):
    """Spatial attention, and a gated temporal one in each layer: h + tanh(alpha) * h_temporal.

    The temporal attention starts as a copy of the layer's own spatial attention and alpha at 0.
    Source: arXiv:2312.07395, factorised space-time attention.
    """

    layout: Literal["factorized"] = "factorized"
    MASKS: ClassVar[dict[MaskKind, str]] = PLACE_MASKS
    TEMPORAL: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class FactorizedEncoder(VideoSpec):
    """A spatial ViT per tubelet frame, then `temporal_depth` layers over one vector per frame.

    Source: ViViT model 2 (google-research/scenic, vivit/model.py, factorized_encoder).
    """

    layout: Literal["factorized_encoder"] = "factorized_encoder"
    temporal_depth: int = 4
    MASKS: ClassVar[dict[MaskKind, str]] = FRAME_MASKS
    CLASS_TOKEN: ClassVar[bool] = True
    TEMPORAL: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.temporal_depth < 1:
            raise ValueError(f"temporal_depth must be at least 1, got {self.temporal_depth}")


@dataclass(frozen=True, kw_only=True)
class FactorizedSelfAttention(VideoSpec):
    """Each layer attends over one axis, then over the other, then one feed-forward.

    Source: ViViT model 3 (scenic, factorized_self_attention_block).
    """

    layout: Literal["factorized_self_attention"] = "factorized_self_attention"
    order: Literal["time_space", "space_time"] = "time_space"
    MASKS: ClassVar[dict[MaskKind, str]] = PLACE_MASKS
    TEMPORAL: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class FactorizedDotProduct(VideoSpec):
    """Half the heads see the same frame, half the same place; a joint model's parameters exactly.

    Source: ViViT model 4 (scenic, factorized_dot_product_attention).
    """

    layout: Literal["factorized_dot_product"] = "factorized_dot_product"
    MASKS: ClassVar[dict[MaskKind, str]] = PLACE_MASKS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tower.heads % 2:
            raise ValueError(
                f"factorised dot-product needs an even number of heads, not {self.tower.heads}"
            )


@dataclass(frozen=True, kw_only=True)
class FrameLevel(VideoSpec):
    """A ViT per frame; the frames meet only in the pooling (mean, or attention over all tokens).

    Source: arXiv:2312.07395, frame-level baselines; CoCa for the attention pooling.
    """

    layout: Literal["frame_level"] = "frame_level"
    tubelet_frames: int = 1
    MASKS: ClassVar[dict[MaskKind, str]] = FRAME_MASKS
    CLASS_TOKEN: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tubelet_frames != 1:
            raise ValueError("a frame-level encoder looks at single frames; use tubelet_frames: 1")


@dataclass(frozen=True, kw_only=True)
class Tube:
    """One kernel of a tube encoder: size, stride and offset, each (frames, height px, width px)."""

    __pydantic_config__ = STRICT

    kernel: tuple[int, int, int]
    stride: tuple[int, int, int]
    offset: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride) < 1 or min(self.offset) < 0:
            raise ValueError(f"a tube needs positive kernel and stride and offset >= 0, got {self}")


# Sizes for 16 frames: each kernel coarse in time or in space and yielding tokens at 16 frames.
# Ours: the paper's own kernels are not known, and the published 16x4x4 kernel with temporal offset
# 4 yields no token at 16 frames.
TUBES_16 = (
    Tube(kernel=(8, 8, 8), stride=(8, 32, 32)),
    Tube(kernel=(16, 4, 4), stride=(16, 16, 16), offset=(0, 8, 8)),
    Tube(kernel=(4, 12, 12), stride=(8, 32, 32), offset=(0, 16, 16)),
    Tube(kernel=(1, 16, 16), stride=(16, 16, 16)),
)


@dataclass(frozen=True, kw_only=True)
class TubeViT(VideoSpec):
    """Joint attention over the tokens of several sparse tubes. `patch_px` embeds images only.

    Positions are fixed 3-D sines of each tube's centre (`positions` must be sinusoidal), so that
    tubes on unlike grids share one space. Source: daniel-code/TubeViT; arXiv:2312.07395 figure 3.
    Differs: each tube has its own kernel weights, as the paper's several convolutions suggest.
    """

    layout: Literal["tubevit"] = "tubevit"
    positions: Positions = "sinusoidal"
    tubes: tuple[Tube, ...] = TUBES_16
    MASKS: ClassVar[dict[MaskKind, str]] = {"random": "any tokens of the clip, drawn per clip"}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.positions != "sinusoidal":
            raise ValueError("tubes lie on unlike grids; tubevit needs positions: sinusoidal")
        if not self.tubes:
            raise ValueError("tubevit needs at least one tube")


Spec = (
    Joint
    | Factorized
    | FactorizedEncoder
    | FactorizedSelfAttention
    | FactorizedDotProduct
    | FrameLevel
    | TubeViT
)
