"""A ViT per frame; the frames meet only when they are pooled. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal

from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.operations import FeedForward, Operation, attend
from vbench_mem.encoders.row import PAPER, Encoder, Family
from vbench_mem.encoders.sizes import (
    VIT_B,
    VIT_G,
    VIT_H,
    VIT_L,
    VIT_M,
    VIT_NANO,
    VIT_S,
    VIT_TEST,
    VIT_TI,
)
from vbench_mem.encoders.spec import FRAME_MASKS, MaskKind, Mixing, VideoSpec
from vbench_mem.encoders.text_spec import (
    TEXT_BASE,
    TEXT_CLIP,
    TEXT_MEDIUM,
    TEXT_MINI,
    TEXT_SMALL,
    TEXT_TEST,
    TEXT_TINY,
)


@dataclass(frozen=True, kw_only=True)
class FrameLevel(VideoSpec):
    """A ViT per frame; the frames meet only in the pooling (mean, or attention over all tokens).

    Source: arXiv:2312.07395, frame-level baselines; CoCa for the attention pooling.
    """

    layout: Literal["frame_level"] = "frame_level"
    tubelet_frames: int = 1

    tower_class: ClassVar[str] = "FrameTower"
    mixing: ClassVar[Mixing] = "per_frame"
    masks: ClassVar[Mapping[MaskKind, str]] = FRAME_MASKS
    takes_class_token: ClassVar[bool] = True
    single_frames: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tubelet_frames != 1:
            raise ValueError("a frame-level encoder looks at single frames; use tubelet_frames: 1")

    @property
    def family(self) -> str:
        """By pooling, which is all that tells the paper's two kinds apart."""
        if self.class_token or self.pre_norm:
            return self.layout
        return {"mean": "frame_mean", "attention": "frame_attpool"}.get(self.pooling, self.layout)

    @property
    def paper_name(self) -> str | None:
        names = {
            "frame_mean": "Frame-level, average",
            "frame_attpool": "Frame-level, attention pooling",
        }
        return names.get(self.family) if replace(self, pooling="mean").is_plain else None

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        places = kept.places + self.class_token
        return attend(kept.frames, places), FeedForward(rows=kept.frames * places)

    def pooled(self, kept: Kept) -> tuple[int, int]:
        return (kept.frames, kept.places) if self.pooling == "map" else super().pooled(kept)


SHARED = tuple(
    field.name for field in fields(VideoSpec) if field.name not in ("layout", "tubelet_frames")
)


def image_pretraining_spec(spec: VideoSpec) -> FrameLevel:
    """A frame-level encoder of the same parts, to be trained on images for all encoders of them.

    It pools by mean where the spec does not say class. What frames do to each other, tubelets,
    temporal attention and the pooling over frames have no part in an image. Nor have tubes: an
    image has patches, and the sines of their places. So all families share one such encoder but
    those with a class token, which have one of their own. Pooling by attention begins with the
    clips.
    Differs: half the heads of a factorised dot product see only their own place in an image; they
             go on from heads that saw all of it.
    Check:   with its weights an image has the same feature in the family, but for that one, pooling
             by attention and layers that run along time ungated.
    """
    parts = {name: getattr(spec, name) for name in SHARED}
    if spec.pooling == "attention":
        parts["pooling"] = "mean"
    # the kernels' inflation says how to leave images, not how to train on them
    return FrameLevel(**parts | {"inflation": "average"})


CLIP = "arXiv:2103.00020 (CLIP), openai/CLIP model.py; the mean of its frames is arXiv:2104.08860's meanP"
# 151,277,313 and 149,620,737 published, and the kernel of clips beside that of images, without the
# class token's own position, which is added to the token.
CLIP_DIFFERS = "a patch embedding for frames beside that for images; the class token contains its position; a clip is the mean of its frames' features, which CLIP4Clip first normalises to length 1"

# fmt: off
ROWS = (
    Encoder("frame_mean_nano", FrameLevel(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16), 505_473, PAPER),
    Encoder("frame_mean_test", FrameLevel(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_203_073, PAPER),
    Encoder("frame_mean_ti16", FrameLevel(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 10_134_529, PAPER),
    Encoder("frame_mean_s16", FrameLevel(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 33_251_841, PAPER),
    Encoder("frame_mean_m16", FrameLevel(tower=VIT_M, text=TEXT_SMALL, embed_dim=512), 67_773_441, PAPER),
    Encoder("frame_mean_b16", FrameLevel(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 128_199_681, PAPER),
    Encoder("frame_mean_l16", FrameLevel(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 414_416_385, PAPER),
    Encoder("frame_mean_h16", FrameLevel(tower=VIT_H, text=TEXT_BASE, embed_dim=1024), 742_965_761, PAPER),
    Encoder("frame_mean_g16", FrameLevel(tower=VIT_G, text=TEXT_BASE, embed_dim=1024), 1_123_655_681, PAPER),
    Encoder("frame_attpool_nano", FrameLevel(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16, pooling="attention"), 522_177, PAPER),
    Encoder("frame_attpool_test", FrameLevel(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, pooling="attention"), 1_269_249, PAPER),
    Encoder("frame_attpool_ti16", FrameLevel(tower=VIT_TI, text=TEXT_TINY, embed_dim=256, pooling="attention"), 10_282_945, PAPER),
    Encoder("frame_attpool_s16", FrameLevel(tower=VIT_S, text=TEXT_MINI, embed_dim=256, pooling="attention"), 33_843_585, PAPER),
    Encoder("frame_attpool_m16", FrameLevel(tower=VIT_M, text=TEXT_SMALL, embed_dim=512, pooling="attention"), 68_824_577, PAPER),
    Encoder("frame_attpool_b16", FrameLevel(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, pooling="attention"), 130_562_817, PAPER),
    Encoder("frame_attpool_l16", FrameLevel(tower=VIT_L, text=TEXT_BASE, embed_dim=768, pooling="attention"), 418_615_809, PAPER),
    Encoder("frame_attpool_h16", FrameLevel(tower=VIT_H, text=TEXT_BASE, embed_dim=1024, pooling="attention"), 749_525_761, PAPER),
    Encoder("frame_attpool_g16", FrameLevel(tower=VIT_G, text=TEXT_BASE, embed_dim=1024, pooling="attention"), 1_131_592_577, PAPER),
    Encoder("clip_b32", FrameLevel(tower=VIT_B, text=TEXT_CLIP, embed_dim=512, resolution_px=224, patch_px=32, patch_bias=False, class_token=True, pre_norm=True, activation="quick_gelu", norm_eps=1e-5, pooling="class"), 153_635_841, CLIP, CLIP_DIFFERS),
    Encoder("clip_b16", FrameLevel(tower=VIT_B, text=TEXT_CLIP, embed_dim=512, resolution_px=224, patch_px=16, patch_bias=False, class_token=True, pre_norm=True, activation="quick_gelu", norm_eps=1e-5, pooling="class"), 150_209_793, CLIP, CLIP_DIFFERS),
)
# fmt: on
FAMILY = Family(FrameLevel, ROWS)
