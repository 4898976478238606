"""Space, then time through a gate, in every layer: the paper's factorised attention. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from vbench_mem.encoders.spec import PLACE_MASKS, MaskKind, Mixing, VideoSpec, WeightGroups
from vbench_mem.encoders.text_spec import (
    TEXT_BASE,
    TEXT_MEDIUM,
    TEXT_MINI,
    TEXT_SMALL,
    TEXT_TEST,
    TEXT_TINY,
)

WEIGHTS = WeightGroups(
    temporal=frozenset({"time_norm", "time_attn", "gate"}),
    gates=frozenset({"gate"}),
    copies={"time_attn": "attn", "time_norm": "norm1"},
    zeros=frozenset({"gate"}),
)


@dataclass(frozen=True, kw_only=True)
class Factorized(VideoSpec):
    """Spatial attention, and a gated temporal one in each layer: h + tanh(alpha) * h_temporal.

    The temporal attention starts as a copy of the layer's own spatial attention and alpha at 0.
    Source: arXiv:2312.07395, factorised space-time attention.
    """

    layout: Literal["factorized"] = "factorized"

    tower_class: ClassVar[str] = "FactorizedTower"
    mixing: ClassVar[Mixing] = "by_axis"
    masks: ClassVar[Mapping[MaskKind, str]] = PLACE_MASKS

    @property
    def weights(self) -> WeightGroups:
        return WEIGHTS

    @property
    def paper_name(self) -> str | None:
        return "Factorized ST-ViViT" if self.is_plain else None

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        yield attend(kept.frames, kept.places)
        yield attend(kept.places, kept.frames, temporal=True)
        yield FeedForward(rows=kept.tokens)


# fmt: off
ROWS = (
    Encoder("factorized_nano", Factorized(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16), 623_493, PAPER),
    Encoder("factorized_test", Factorized(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_580_933, PAPER),
    Encoder("factorized_ti16", Factorized(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_409_357, PAPER),
    Encoder("factorized_s16", Factorized(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 41_340_429, PAPER),
    Encoder("factorized_m16", Factorized(tower=VIT_M, text=TEXT_SMALL, embed_dim=512), 81_703_949, PAPER),
    Encoder("factorized_b16", Factorized(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 158_532_621, PAPER),
    Encoder("factorized_l16", Factorized(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 517_848_601, PAPER),
    Encoder("factorized_h16", Factorized(tower=VIT_H, text=TEXT_BASE, embed_dim=1024), 956_203_553, PAPER),
    Encoder("factorized_g16", Factorized(tower=VIT_G, text=TEXT_BASE, embed_dim=1024), 1_444_792_361, PAPER),
)
# fmt: on
FAMILY = Family(Factorized, ROWS)
