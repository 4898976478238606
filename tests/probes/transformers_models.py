"""Models of `transformers` with a batch and an optimiser, small and full-size, and one step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    CLIPConfig,
    CLIPModel,
    VideoMAEConfig,
    VideoMAEForPreTraining,
    VideoMAEModel,
    VivitConfig,
    VivitModel,
)

WIDTHS = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
}
DECODER = {
    "decoder_hidden_size": 32,
    "decoder_num_hidden_layers": 1,
    "decoder_num_attention_heads": 4,
    "decoder_intermediate_size": 64,
}
TUBES = {"image_size": 32, "num_frames": 4}
State = tuple[nn.Module, torch.optim.Optimizer, dict[str, Any]]


def clip(**sizes: Any) -> tuple[nn.Module, dict[str, Any]]:
    config = CLIPConfig(**sizes)
    px = config.vision_config.image_size
    ids = torch.randint(3, 90, (3, 16))
    ids[:, -1] = config.text_config.eos_token_id
    mask = torch.ones_like(ids)
    mask[1:, 10:] = 0
    batch = {"input_ids": ids, "attention_mask": mask, "pixel_values": torch.randn(3, 3, px, px)}
    return CLIPModel(config), batch | {"return_loss": True}


def video(config: Any, *, clips: int = 2) -> Tensor:
    return torch.randn(clips, config.num_frames, 3, config.image_size, config.image_size)


def vivit(**sizes: Any) -> tuple[nn.Module, dict[str, Any]]:
    config = VivitConfig(**sizes)
    return VivitModel(config), {"pixel_values": video(config)}


def videomae(**sizes: Any) -> tuple[nn.Module, dict[str, Any]]:
    config = VideoMAEConfig(**sizes)
    return VideoMAEModel(config), {"pixel_values": video(config)}


def videomae_masked(**sizes: Any) -> tuple[nn.Module, dict[str, Any]]:
    """Three of four tubes are masked; which, is drawn."""
    config = VideoMAEConfig(**sizes)
    tubes = (config.image_size // config.patch_size) ** 2 * config.num_frames // config.tubelet_size
    mask = torch.rand(2, tubes).argsort(dim=1) < tubes * 3 // 4
    return VideoMAEForPreTraining(config), {"pixel_values": video(config), "bool_masked_pos": mask}


MODELS: dict[str, tuple[Callable[..., tuple[nn.Module, dict[str, Any]]], dict[str, Any]]] = {
    "clip": (
        clip,
        {
            "text_config": WIDTHS
            | {"vocab_size": 100, "max_position_embeddings": 16, "eos_token_id": 99}
            | {"bos_token_id": 98, "pad_token_id": 1},
            "vision_config": WIDTHS | {"image_size": 32, "patch_size": 8},
            "projection_dim": 32,
        },
    ),
    "vivit": (vivit, WIDTHS | TUBES | {"tubelet_size": [2, 8, 8]}),
    "videomae": (videomae, WIDTHS | TUBES | {"patch_size": 8}),
    "videomae_masked": (videomae_masked, WIDTHS | DECODER | TUBES | {"patch_size": 8}),
}


def build(name: str, *, small: bool, dropout: bool = False) -> State:
    make, sizes = MODELS[name]
    if dropout:
        sizes = sizes | {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    model, batch = make(**(sizes if small else {}))
    model.train()
    return model, torch.optim.AdamW(model.parameters()), batch


def step(state: State, dtype: torch.dtype = torch.float32) -> None:
    model, optimizer, batch = state
    with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
        output = model(**batch)
        loss = output.loss if "loss" in output else output.last_hidden_state.float().square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
