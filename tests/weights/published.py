"""Small random models of transformers, saved as published ones are, and the specs they fit."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    SiglipConfig,
    SiglipModel,
    SiglipVisionConfig,
    SiglipVisionModel,
    VideoMAEConfig,
    VideoMAEModel,
    ViTConfig,
    ViTModel,
    VivitConfig,
    VivitModel,
)

from tests.encoders.structures import FULL, load_for
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.sizes import Tower
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.weights.initialise import initialise
from vbench_mem.weights.report import Report

SIZES: dict[str, Any] = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "image_size": 64,
}
VISION = {**SIZES, "patch_size": 16}
CAPTIONS = {**SIZES, "hidden_size": 32, "vocab_size": 99}
OURS: dict[str, Any] = {
    "tower": Tower(width=48, depth=2, heads=4, mlp=96),
    "text": TEXT_TEST,
    "embed_dim": 32,
    "resolution_px": 64,
}
WITH_CLASS = {**OURS, "class_token": True, "pooling": "class"}
CLIP = FrameLevel(
    activation="quick_gelu", norm_eps=1e-5, pre_norm=True, patch_bias=False, **WITH_CLASS
)
SIGLIP = FrameLevel(activation="gelu_tanh", norm_eps=1e-6, **OURS)
VIT = FrameLevel(activation="gelu", norm_eps=1e-12, **WITH_CLASS)
VIDEOMAE = Joint(activation="gelu", norm_eps=1e-12, **OURS)
VIVIT = Joint(activation="gelu_tanh", norm_eps=1e-6, **WITH_CLASS)
FRAMES = 4
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


@torch.no_grad()
def randomised(model: nn.Module) -> Any:
    torch.manual_seed(0)
    for weight in model.parameters():
        weight.normal_(0, 0.1)
    return model.eval()


def clip() -> Any:
    return randomised(CLIPVisionModel(CLIPVisionConfig(**VISION)))


def clip_pair() -> Any:
    return randomised(
        CLIPModel(CLIPConfig(vision_config=VISION, text_config=CAPTIONS, projection_dim=32))
    )


def siglip() -> Any:
    return randomised(SiglipVisionModel(SiglipVisionConfig(**VISION)))


def siglip_pair() -> Any:
    return randomised(SiglipModel(SiglipConfig(vision_config=VISION, text_config=CAPTIONS)))


def vit() -> Any:
    return randomised(ViTModel(ViTConfig(**VISION)))


def videomae(**changes: Any) -> Any:
    config = VideoMAEConfig(num_frames=FRAMES, use_mean_pooling=False, **VISION)
    config.update(changes)
    return randomised(VideoMAEModel(config))


def vivit() -> Any:
    return randomised(VivitModel(VivitConfig(num_frames=FRAMES, tubelet_size=[2, 16, 16], **SIZES)))


def started(
    spec: Spec,
    init: Path,
    frames: int = FRAMES,
    recipe: Recipe = FULL,
    allow: tuple[str, ...] = (),
) -> tuple[DualEncoder, Report]:
    load = load_for(spec, frames)
    encoder = build(spec, recipe, load).eval()
    return encoder, initialise(encoder, spec, load, init, allow=allow)


def some_images(count: int = 2, side_px: int = 64) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.randn(count, 3, side_px, side_px)


def copied(folder: Path, to: Path) -> Path:
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to
