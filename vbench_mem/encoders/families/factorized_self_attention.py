"""Attention over one axis, then over the other, in every layer: ViViT model 3. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.operations import FeedForward, Operation, attend
from vbench_mem.encoders.row import VIVIT, Encoder, Family
from vbench_mem.encoders.sizes import VIT_B, VIT_L, VIT_S, VIT_TEST, VIT_TI
from vbench_mem.encoders.spec import PLACE_MASKS, MaskKind, Mixing, VideoSpec, WeightGroups
from vbench_mem.encoders.text_spec import TEXT_BASE, TEXT_MEDIUM, TEXT_MINI, TEXT_TEST, TEXT_TINY

WEIGHTS = WeightGroups(temporal=frozenset({"time_norm", "time_attn"}))


@dataclass(frozen=True, kw_only=True)
class FactorizedSelfAttention(VideoSpec):
    """Each layer attends over one axis, then over the other, then one feed-forward.

    Source: ViViT model 3 (scenic, factorized_self_attention_block).
    """

    layout: Literal["factorized_self_attention"] = "factorized_self_attention"
    order: Literal["time_space", "space_time"] = "time_space"

    tower_class: ClassVar[str] = "FactorizedSelfAttentionTower"
    mixing: ClassVar[Mixing] = "by_axis"
    masks: ClassVar[Mapping[MaskKind, str]] = PLACE_MASKS

    @property
    def weights(self) -> WeightGroups:
        return WEIGHTS

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        space = attend(kept.frames, kept.places)
        time = attend(kept.places, kept.frames, temporal=True)
        yield from (time, space) if self.order == "time_space" else (space, time)
        yield FeedForward(rows=kept.tokens)


# fmt: off
ROWS = (
    Encoder("factorized_self_attention_test", FactorizedSelfAttention(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_580_929, VIVIT),
    Encoder("factorized_self_attention_ti16", FactorizedSelfAttention(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_409_345, VIVIT),
    Encoder("factorized_self_attention_s16", FactorizedSelfAttention(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 41_340_417, VIVIT),
    Encoder("factorized_self_attention_b16", FactorizedSelfAttention(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 158_532_609, VIVIT),
    Encoder("factorized_self_attention_l16", FactorizedSelfAttention(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 517_848_577, VIVIT),
)
# fmt: on
FAMILY = Family(FactorizedSelfAttention, ROWS)
