"""Attention along time, then within frames, in every layer: divided space-time. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.operations import Attend, FeedForward, Operation, Product, attend
from vbench_mem.encoders.row import Encoder, Family
from vbench_mem.encoders.sizes import VIT_B, VIT_L, VIT_S, VIT_TEST, VIT_TI
from vbench_mem.encoders.spec import (
    NO_DECAY,
    PLACE_MASKS,
    MaskKind,
    Mixing,
    VideoSpec,
    WeightGroups,
)
from vbench_mem.encoders.text_spec import TEXT_BASE, TEXT_MEDIUM, TEXT_MINI, TEXT_TEST, TEXT_TINY

Style = Literal["timesformer", "frozen_in_time"]
TEMPORAL = frozenset({"time_norm", "time_attn", "time_dense", "time_positions"})
WEIGHTS: dict[Style, WeightGroups] = {
    "timesformer": WeightGroups(
        temporal=TEMPORAL,
        no_decay=NO_DECAY | {"time_positions"},
        copies={"time_attn": "attn", "time_norm": "norm1"},
        zeros=frozenset({"time_dense", "time_positions"}),
    ),
    "frozen_in_time": WeightGroups(
        temporal=TEMPORAL,
        no_decay=NO_DECAY | {"time_positions"},
        zeros=frozenset({"time_attn.proj", "time_positions"}),
        without_effect=frozenset({"time_norm", "time_attn"}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Divided(VideoSpec):
    """Each layer attends along time, then within each frame, then one feed-forward.

    Positions are one table of places and one of times. At the start the temporal attention has no
    effect, so that training goes on from an image encoder.

    style  `timesformer`: a matrix behind the temporal attention, whose output is added before the
           spatial attention; the class token takes no part in the temporal attention, and its
           outputs of the single frames are averaged.
           `frozen_in_time`: the output of the spatial attention is added to the layer's input; the
           class token sees all tokens at once, and every token sees it, in both attentions

    Source:  arXiv:2102.05095 (TimeSformer), facebookresearch/TimeSformer, models/vit.py;
             arXiv:2104.00650 (Frozen in Time), m-bain/frozen-in-time, model/video_transformer.py.
    Differs: TimeSformer's first layer starts with a random temporal matrix, here all start at zero.
             Frozen in Time starts queries and keys at zero, too, which no gradient moves away from;
             here only the projection behind the temporal attention starts at zero.
    """

    layout: Literal["divided"] = "divided"
    style: Style = "timesformer"
    tubelet_frames: int = 1

    tower_class: ClassVar[str] = "DividedTower"
    mixing: ClassVar[Mixing] = "by_axis"
    masks: ClassVar[Mapping[MaskKind, str]] = PLACE_MASKS
    takes_class_token: ClassVar[bool] = True
    single_frames: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tubelet_frames != 1:
            raise ValueError("divided attention looks at single frames; use tubelet_frames: 1")
        if self.positions != "learned":
            raise ValueError("divided attention learns its positions; use positions: learned")

    @property
    def weights(self) -> WeightGroups:
        return WEIGHTS[self.style]

    @property
    def class_token_spans_frames(self) -> bool:
        return self.class_token and self.style == "frozen_in_time"

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        frames, places, extra = kept.frames, kept.places, int(self.class_token)
        tokens = kept.tokens + extra
        if self.style == "timesformer":
            width = self.tower.width
            yield attend(places, frames, temporal=True)
            yield Product(rows=kept.tokens, inner=width, outer=width, temporal=True)
            yield attend(frames, places + extra)
        else:
            whole = ((1, 1, tokens),) * extra  # the class token's own query
            time, space = (places, frames, frames + extra), (frames, places, places + extra)
            yield Attend(rows=tokens, parts=(time, *whole), temporal=True)
            yield Attend(rows=tokens, parts=(space, *whole))
        yield FeedForward(rows=tokens)


TIMESFORMER = "arXiv:2102.05095 (TimeSformer), facebookresearch/TimeSformer models/vit.py"
FROZEN = "arXiv:2104.00650 (Frozen in Time), m-bain/frozen-in-time model/video_transformer.py"
# fmt: off
ROWS = (
    Encoder("divided_test", Divided(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_536_385, TIMESFORMER),
    Encoder("divided_ti16", Divided(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_365_569, TIMESFORMER),
    Encoder("divided_s16", Divided(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 42_137_601, TIMESFORMER),
    Encoder("divided_b16", Divided(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 163_665_921, TIMESFORMER),
    Encoder("divided_l16", Divided(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 540_433_921, TIMESFORMER),
    Encoder("timesformer_test", Divided(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, class_token=True, pooling="class"), 1_536_513, TIMESFORMER),
    Encoder("timesformer_b16", Divided(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, resolution_px=224, class_token=True, pooling="class"), 163_620_609, TIMESFORMER),
    Encoder("frozen_in_time_test", Divided(style="frozen_in_time", tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, class_token=True, pooling="class"), 1_470_465, FROZEN),
    Encoder("frozen_in_time_b16", Divided(style="frozen_in_time", tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, resolution_px=224, class_token=True, pooling="class"), 156_533_505, FROZEN),
)
# fmt: on
FAMILY = Family(Divided, ROWS)
