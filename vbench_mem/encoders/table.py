"""THE table of encoders. No torch. Adding a size or a setting out of known parts is one row.

`params` counts both towers at 16 frames and the row's own resolution, both patch embeddings
included; a test builds every row on the meta device and checks it.
"""

from dataclasses import dataclass

from vbench_mem.encoders.sizes import TEXT_SIZES, VIDEO_SIZES, size_name
from vbench_mem.encoders.spec import (
    Factorized,
    FactorizedDotProduct,
    FactorizedEncoder,
    FactorizedSelfAttention,
    FrameLevel,
    Joint,
    Spec,
    Text,
    TubeViT,
)


@dataclass(frozen=True)
class Encoder:
    """A named spec. `differs` says where it leaves its source; prose is outside a cell's id."""

    name: str
    spec: Spec
    params: int
    source: str
    differs: str = ""

    @property
    def size(self) -> str:
        return size_name(self.spec.tower, VIDEO_SIZES)

    @property
    def family(self) -> str:
        """The name without size and twist: `joint`, `frame_mean`, `tubevit`."""
        if isinstance(self.spec, FrameLevel):
            return "frame_attpool" if self.spec.pooling == "attention" else "frame_mean"
        return self.spec.layout


PAPER = "arXiv:2312.07395, section 3; sizes from google-research/big_vision models/vit.py"
COARSE = "arXiv:2312.07395, coarse patches in time, in space (a patch-32 ViT), or both"
VIVIT = "arXiv:2103.15691 (ViViT), google-research/scenic projects/vivit"
CLIP = "arXiv:2103.00020 (CLIP), openai/CLIP model.py; the mean of its frames is arXiv:2104.08860's meanP"
# 151,277,313 and 149,620,737 published, and the kernel of clips beside that of images, without the
# class token's own position, which is added to the token.
CLIP_DIFFERS = "a kernel for frames beside that for images; the class token's position is part of it; a clip is the mean of its frames' features, which CLIP4Clip first makes unit vectors"
TUBEVIT = "arXiv:2212.03229 (TubeViT), daniel-code/TubeViT; kernel sizes for 16 frames are ours"
VIT_NANO, VIT_TEST, VIT_TI, VIT_S, VIT_M, VIT_B, VIT_L, VIT_H, VIT_G = VIDEO_SIZES.values()
TEXT_TEST = Text(tower=TEXT_SIZES["test"], vocab=1024)
TEXT_TINY = Text(tower=TEXT_SIZES["tiny"])
TEXT_MINI = Text(tower=TEXT_SIZES["mini"])
TEXT_SMALL = Text(tower=TEXT_SIZES["small"])
TEXT_MEDIUM = Text(tower=TEXT_SIZES["medium"])
TEXT_BASE = Text(tower=TEXT_SIZES["base"])
# Captions as openai/CLIP reads them; the tokenizer comes with the weights, or a matrix names it.
TEXT_CLIP = Text(
    tower=TEXT_SIZES["clip"],
    tokenizer="file",
    vocab=49408,
    max_tokens=77,
    causal=True,
    feature="end",
    activation="quick_gelu",
    norm_eps=1e-5,
    embed_norm=False,
)

# Every caption tower but CLIP's hashes words in place of a learned vocabulary and normalises before
# attention; that holds for all rows and is not repeated in each.
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
    Encoder("factorized_nano", Factorized(tower=VIT_NANO, text=TEXT_TEST, embed_dim=64, resolution_px=32, patch_px=16), 623_493, PAPER),
    Encoder("factorized_test", Factorized(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_580_933, PAPER),
    Encoder("factorized_ti16", Factorized(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_409_357, PAPER),
    Encoder("factorized_s16", Factorized(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 41_340_429, PAPER),
    Encoder("factorized_m16", Factorized(tower=VIT_M, text=TEXT_SMALL, embed_dim=512), 81_703_949, PAPER),
    Encoder("factorized_b16", Factorized(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 158_532_621, PAPER),
    Encoder("factorized_l16", Factorized(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 517_848_601, PAPER),
    Encoder("factorized_h16", Factorized(tower=VIT_H, text=TEXT_BASE, embed_dim=1024), 956_203_553, PAPER),
    Encoder("factorized_g16", Factorized(tower=VIT_G, text=TEXT_BASE, embed_dim=1024), 1_444_792_361, PAPER),
    Encoder("factorized_encoder_test", FactorizedEncoder(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 2_095_745, VIVIT),
    Encoder("factorized_encoder_ti16", FactorizedEncoder(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_063_361, VIVIT),
    Encoder("factorized_encoder_s16", FactorizedEncoder(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 40_648_449, VIVIT),
    Encoder("factorized_encoder_b16", FactorizedEncoder(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 157_148_673, VIVIT),
    Encoder("factorized_encoder_l16", FactorizedEncoder(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 465_597_953, VIVIT),
    Encoder("factorized_self_attention_test", FactorizedSelfAttention(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_580_929, VIVIT),
    Encoder("factorized_self_attention_ti16", FactorizedSelfAttention(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 12_409_345, VIVIT),
    Encoder("factorized_self_attention_s16", FactorizedSelfAttention(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 41_340_417, VIVIT),
    Encoder("factorized_self_attention_b16", FactorizedSelfAttention(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 158_532_609, VIVIT),
    Encoder("factorized_self_attention_l16", FactorizedSelfAttention(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 517_848_577, VIVIT),
    Encoder("factorized_dot_product_test", FactorizedDotProduct(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_315_713, VIVIT),
    Encoder("factorized_dot_product_s16", FactorizedDotProduct(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 34_234_881, VIVIT),
    Encoder("factorized_dot_product_b16", FactorizedDotProduct(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 130_165_761, VIVIT),
    Encoder("factorized_dot_product_l16", FactorizedDotProduct(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 417_037_825, VIVIT),
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
    Encoder("tubevit_test", TubeViT(tower=VIT_TEST, text=TEXT_TEST, embed_dim=64, resolution_px=64), 1_717_505, TUBEVIT),
    Encoder("tubevit_ti16", TubeViT(tower=VIT_TI, text=TEXT_TINY, embed_dim=256), 10_860_097, TUBEVIT),
    Encoder("tubevit_s16", TubeViT(tower=VIT_S, text=TEXT_MINI, embed_dim=256), 34_702_977, TUBEVIT),
    Encoder("tubevit_b16", TubeViT(tower=VIT_B, text=TEXT_MEDIUM, embed_dim=512), 131_101_953, TUBEVIT),
    Encoder("tubevit_l16", TubeViT(tower=VIT_L, text=TEXT_BASE, embed_dim=768), 418_286_081, TUBEVIT),
)
# fmt: on
ENCODERS: dict[str, Encoder] = {row.name: row for row in ROWS}
