"""Joint space-time attention: a plain ViT over all tokens of a clip. No torch."""

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
from vbench_mem.encoders.spec import MaskKind, Mixing, VideoSpec
from vbench_mem.encoders.text_spec import (
    TEXT_BASE,
    TEXT_MEDIUM,
    TEXT_MINI,
    TEXT_SMALL,
    TEXT_TEST,
    TEXT_TINY,
)


@dataclass(frozen=True, kw_only=True)
class Joint(VideoSpec):
    """Plain ViT over all space-time tokens at once. Source: arXiv:2312.07395; ViViT model 1."""

    layout: Literal["joint"] = "joint"

    tower_class: ClassVar[str] = "JointTower"
    mixing: ClassVar[Mixing] = "space_time"
    masks: ClassVar[Mapping[MaskKind, str]] = {
        "random": "any tokens of the clip, drawn per clip",
        "tube": "the same places in every tubelet frame",
        "frame": "whole tubelet frames",
    }
    masks_any_token: ClassVar[bool] = True
    takes_class_token: ClassVar[bool] = True

    @property
    def paper_name(self) -> str | None:
        return "Joint ST-ViViT" if self.is_plain else None

    @property
    def class_token_spans_frames(self) -> bool:
        return self.class_token

    def operations(self, layer: int, kept: Kept) -> Iterable[Operation]:
        tokens = kept.tokens + self.class_token
        return attend(1, tokens), FeedForward(rows=tokens)


COARSE = "arXiv:2312.07395, coarse patches in time, in space (a patch-32 ViT), or both"

# fmt: off
ROWS = (
    Encoder("joint_nano", Joint(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16), 556_417, PAPER),
    Encoder("joint_test", Joint(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_315_713, PAPER),
    Encoder("joint_ti16", Joint(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 10_626_049, PAPER),
    Encoder("joint_s16", Joint(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 34_234_881, PAPER),
    Encoder("joint_m16", Joint(tower=VIT_M, text=TEXT_SMALL, embed_dim=512), 69_084_161, PAPER),
    Encoder("joint_b16", Joint(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 130_165_761, PAPER),
    Encoder("joint_l16", Joint(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 417_037_825, PAPER),
    Encoder("joint_h16", Joint(tower=VIT_H, text=TEXT_BASE, embed_dim=1024), 746_242_561, PAPER),
    Encoder("joint_g16", Joint(tower=VIT_G, text=TEXT_BASE, embed_dim=1024), 1_127_260_161, PAPER),
    Encoder("joint_nano_coarse_time", Joint(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16, tubelet_frames=4), 653_697, COARSE),
    Encoder("joint_test_coarse_time", Joint(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, tubelet_frames=4), 1_504_129, COARSE),
    Encoder("joint_ti16_coarse_time", Joint(tower=VIT_TI, text=TEXT_TINY, embed_dim=256, tubelet_frames=4), 10_724_353, COARSE),
    Encoder("joint_s16_coarse_time", Joint(tower=VIT_S, text=TEXT_MINI, embed_dim=256, tubelet_frames=4), 34_431_489, COARSE),
    Encoder("joint_b16_coarse_time", Joint(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, tubelet_frames=4), 130_558_977, COARSE),
    Encoder("joint_l16_coarse_time", Joint(tower=VIT_L, text=TEXT_BASE, embed_dim=768, tubelet_frames=4), 417_562_113, COARSE),
    Encoder("joint_test_coarse_space", Joint(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, patch_px=32), 2_188_161, COARSE),
    Encoder("joint_ti16_coarse_space", Joint(tower=VIT_TI, text=TEXT_TINY, embed_dim=256, patch_px=32), 11_658_241, COARSE),
    Encoder("joint_s16_coarse_space", Joint(tower=VIT_S, text=TEXT_MINI, embed_dim=256, patch_px=32), 36_299_265, COARSE),
    Encoder("joint_b16_coarse_space", Joint(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, patch_px=32), 134_294_529, COARSE),
    Encoder("joint_l16_coarse_space", Joint(tower=VIT_L, text=TEXT_BASE, embed_dim=768, patch_px=32), 422_542_849, COARSE),
    Encoder("joint_test_coarse_both", Joint(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64, tubelet_frames=4, patch_px=32), 2_972_545, COARSE),
    Encoder("joint_ti16_coarse_both", Joint(tower=VIT_TI, text=TEXT_TINY, embed_dim=256, tubelet_frames=4, patch_px=32), 12_788_737, COARSE),
    Encoder("joint_s16_coarse_both", Joint(tower=VIT_S, text=TEXT_MINI, embed_dim=256, tubelet_frames=4, patch_px=32), 38_560_257, COARSE),
    Encoder("joint_b16_coarse_both", Joint(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512, tubelet_frames=4, patch_px=32), 138_816_513, COARSE),
    Encoder("joint_l16_coarse_both", Joint(tower=VIT_L, text=TEXT_BASE, embed_dim=768, tubelet_frames=4, patch_px=32), 428_572_161, COARSE),
)
# fmt: on
FAMILY = Family(Joint, ROWS)
