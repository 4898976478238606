"""Half the heads over space, half over time: ViViT model 4. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.operations import Attend, FeedForward, Operation
from vbench_mem.encoders.row import VIVIT, Encoder, Family
from vbench_mem.encoders.sizes import VIT_B, VIT_L, VIT_S, VIT_TEST
from vbench_mem.encoders.spec import PLACE_MASKS, MaskKind, Mixing, VideoSpec
from vbench_mem.encoders.text_spec import TEXT_BASE, TEXT_MEDIUM, TEXT_MINI, TEXT_TEST


@dataclass(frozen=True, kw_only=True)
class FactorizedDotProduct(VideoSpec):
    """Half the heads see the same frame, half the same place; a joint model's parameters exactly.

    Source: ViViT model 4 (scenic, factorized_dot_product_attention).
    """

    layout: Literal["factorized_dot_product"] = "factorized_dot_product"

    tower_class: ClassVar[str] = "FactorizedDotProductTower"
    mixing: ClassVar[Mixing] = "by_axis"
    masks: ClassVar[Mapping[MaskKind, str]] = PLACE_MASKS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tower.heads % 2:
            raise ValueError(
                f"factorised dot-product needs an even number of heads, not {self.tower.heads}"
            )

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        space = (kept.frames, kept.places, kept.places)
        time = (kept.places, kept.frames, kept.frames)
        yield Attend(rows=kept.tokens, parts=(space, time), split=True)
        yield FeedForward(rows=kept.tokens)


# fmt: off
ROWS = (
    Encoder("factorized_dot_product_test", FactorizedDotProduct(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_315_713, VIVIT),
    Encoder("factorized_dot_product_s16", FactorizedDotProduct(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 34_234_881, VIVIT),
    Encoder("factorized_dot_product_b16", FactorizedDotProduct(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 130_165_761, VIVIT),
    Encoder("factorized_dot_product_l16", FactorizedDotProduct(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 417_037_825, VIVIT),
)
# fmt: on
FAMILY = Family(FactorizedDotProduct, ROWS)
