"""The same weights in another library give the same features."""

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    ViTConfig,
    ViTModel,
    VivitConfig,
    VivitModel,
)

from tests.encoders.structures import load_for
from vbench_mem.encoders.build import build
from vbench_mem.encoders.convert import from_transformers, stretched
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.spec import FrameLevel, Joint, Spec
from vbench_mem.encoders.table import TEXT_TEST
from vbench_mem.encoders.tokens import Grid
from vbench_mem.encoders.tower import VideoTower

SIZES = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "image_size": 64,
}
OURS: dict[str, Any] = {
    "tower": Tower(width=48, depth=3, heads=4, mlp=96),
    "text": TEXT_TEST,
    "embed_dim": 32,
    "resolution_px": 64,
    "class_token": True,
}
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


def randomised(model: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.1)
    return model.eval()


def ours(spec: Spec, state: dict[str, Tensor], frames: int, old: Grid) -> VideoTower:
    video = build(spec, RECIPES["full"], load_for(spec, frames)).video.eval()
    mapped, unused = from_transformers(state)
    missing, unexpected = video.load_state_dict(stretched(mapped, old, video), strict=False)
    assert not unexpected
    assert set(missing) <= {"head.weight", "image_embed.weight", "image_embed.bias"}
    assert all("pooler" in name for name in unused)
    return video


@pytest.mark.parametrize("pooling", ["class", "mean"])
def test_joint_features_equal_vivit_with_the_same_weights(pooling: str) -> None:
    config = VivitConfig(num_frames=8, tubelet_size=[2, 16, 16], **SIZES)
    theirs = randomised(VivitModel(config))
    spec = Joint(activation="gelu_tanh", norm_eps=1e-6, pooling=pooling, **OURS)  # type: ignore[arg-type]
    video = ours(spec, theirs.state_dict(), 8, Grid(4, 4, 4))
    clips = torch.randn(2, 8, 3, 64, 64)
    with torch.no_grad():
        tokens = theirs(clips).last_hidden_state
        feature = tokens[:, 0] if pooling == "class" else tokens[:, 1:].mean(1)
        torch.testing.assert_close(video(clips), feature, **TOLERANCE)


def test_frame_features_equal_vit_with_the_same_weights() -> None:
    theirs = randomised(ViTModel(ViTConfig(**SIZES)))
    spec = FrameLevel(activation="gelu", norm_eps=1e-12, pooling="class", **OURS)
    video = ours(spec, theirs.state_dict(), 4, Grid(1, 4, 4))
    clips = torch.randn(2, 4, 3, 64, 64)
    with torch.no_grad():
        each = theirs(clips.flatten(0, 1)).last_hidden_state[:, 0].view(2, 4, -1)
        torch.testing.assert_close(video(clips), each.mean(1), **TOLERANCE)
        torch.testing.assert_close(video.image(clips[:, 0]), each[:, 0], **TOLERANCE)


def test_frame_features_equal_clip_with_the_same_weights() -> None:
    theirs = randomised(CLIPVisionModel(CLIPVisionConfig(patch_size=16, **SIZES)))
    spec = FrameLevel(
        activation="quick_gelu",
        norm_eps=1e-5,
        pooling="class",
        pre_norm=True,
        patch_bias=False,
        **OURS,
    )
    video = ours(spec, theirs.state_dict(), 4, Grid(1, 4, 4))
    clips = torch.randn(2, 4, 3, 64, 64)
    with torch.no_grad():
        each = theirs(clips.flatten(0, 1)).pooler_output.view(2, 4, -1)
        torch.testing.assert_close(video(clips), each.mean(1), **TOLERANCE)


def test_names_of_published_files_from_before_version_5_are_known() -> None:
    theirs = randomised(ViTModel(ViTConfig(**SIZES), add_pooling_layer=False)).state_dict()
    renames = {
        "layers.": "encoder.layer.",
        "attention.q_proj": "attention.attention.query",
        "attention.k_proj": "attention.attention.key",
        "attention.v_proj": "attention.attention.value",
        "attention.o_proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }
    older = {}
    for name, weight in theirs.items():
        for new, old in renames.items():
            name = name.replace(new, old)
        older[f"vit.{name}"] = weight
    new, unused = from_transformers(theirs)
    old, unused_old = from_transformers(older)
    assert not unused and not unused_old
    torch.testing.assert_close(old, new)
