"""A spatial ViT per tubelet frame, then layers over frame vectors: ViViT model 2. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from vbench_mem.encoders.grid import Kept, Stack
from vbench_mem.encoders.operations import FeedForward, Operation, attend
from vbench_mem.encoders.row import VIVIT, Encoder, Family
from vbench_mem.encoders.sizes import VIT_B, VIT_L, VIT_S, VIT_TEST, VIT_TI
from vbench_mem.encoders.spec import (
    FRAME_MASKS,
    NO_DECAY,
    MaskKind,
    Mixing,
    VideoSpec,
    WeightGroups,
)
from vbench_mem.encoders.text_spec import TEXT_BASE, TEXT_MEDIUM, TEXT_MINI, TEXT_TEST, TEXT_TINY

WEIGHTS = WeightGroups(
    temporal=frozenset({"time_blocks", "time_positions"}),
    no_decay=NO_DECAY | {"time_positions"},
    # an image encoder's norm comes after its last layer, which is spatial
    images_as={"space_norm": "norm", "norm": None},
)


@dataclass(frozen=True, kw_only=True)
class FactorizedEncoder(VideoSpec):
    """A spatial ViT per tubelet frame, then `temporal_depth` layers over one vector per frame.

    Source: ViViT model 2 (google-research/scenic, vivit/model.py, factorized_encoder).
    """

    layout: Literal["factorized_encoder"] = "factorized_encoder"
    temporal_depth: int = 4

    tower_class: ClassVar[str] = "FactorizedEncoderTower"
    mixing: ClassVar[Mixing] = "by_axis"
    masks: ClassVar[Mapping[MaskKind, str]] = FRAME_MASKS
    takes_class_token: ClassVar[bool] = True

    @property
    def weights(self) -> WeightGroups:
        return WEIGHTS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.temporal_depth < 1:
            raise ValueError(f"temporal_depth must be at least 1, got {self.temporal_depth}")

    def stacks(self) -> tuple[Stack, ...]:
        return (*super().stacks(), Stack(path="time_blocks", depth=self.temporal_depth))

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        if layer < self.tower.depth:
            places = kept.places + self.class_token
            return attend(kept.frames, places), FeedForward(rows=kept.frames * places)
        frames = kept.frames
        return attend(1, frames, temporal=True), FeedForward(rows=frames, temporal=True)

    def pooled(self, kept: Kept) -> tuple[int, int]:
        return 1, kept.frames


# fmt: off
ROWS = (
    Encoder("factorized_encoder_test", FactorizedEncoder(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 2_095_745, VIVIT),
    Encoder("factorized_encoder_ti16", FactorizedEncoder(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_063_361, VIVIT),
    Encoder("factorized_encoder_s16", FactorizedEncoder(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 40_648_449, VIVIT),
    Encoder("factorized_encoder_b16", FactorizedEncoder(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 157_148_673, VIVIT),
    Encoder("factorized_encoder_l16", FactorizedEncoder(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 465_597_953, VIVIT),
)
# fmt: on
FAMILY = Family(FactorizedEncoder, ROWS)
