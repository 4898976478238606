"""Facts beside the weights: configs, their defaults, how pixels were normalised."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    CLIPVisionConfig,
    SiglipVisionConfig,
    VideoMAEConfig,
    ViTConfig,
    VivitConfig,
)

from tests.weights import published
from tests.weights.published import CLIP, SIGLIP, TOLERANCE, VIT, VIVIT, started
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.weights.configs import DEFAULTS, HEADS


def normalised(raw: Tensor, mean: float | tuple[float, ...], std: Any) -> Tensor:
    shape = (3, 1, 1)
    return (raw - torch.tensor(mean).expand(3).view(shape)) / torch.tensor(std).expand(3).view(
        shape
    )


@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("kind", ["siglip", "vit", "vivit"])
def test_a_kernel_made_for_other_pixels_is_made_for_ours(
    kind: str, offset: bool, tmp_path: Path
) -> None:
    from vbench_mem.data.clips import MEAN, STD

    make: Any = {"siglip": published.siglip, "vit": published.vit, "vivit": published.vivit}[kind]
    spec: Spec = {"siglip": SIGLIP, "vit": VIT, "vivit": replace(VIVIT, pooling="mean")}[kind]
    theirs = make()
    theirs.save_pretrained(tmp_path)
    config = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2], "do_normalize": True}
    if offset:  # as ViViT's are
        config |= {"offset": True, "rescale_factor": 1 / 127.5}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    encoder, report = started(spec, tmp_path)
    torch.manual_seed(2)
    raw = torch.rand(2, 4, 3, 64, 64)
    lowered = raw * 2 - 1 if offset else raw
    fed = normalised(lowered, (0.5, 0.4, 0.3), (0.5, 0.25, 0.2))
    with torch.no_grad():
        if kind == "vivit":
            expected = theirs(fed).last_hidden_state[:, 1:].mean(1)
        else:
            tokens = theirs(fed.flatten(0, 1)).last_hidden_state
            each = tokens[:, 0] if kind == "vit" else tokens.mean(1)
            expected = each.view(2, 4, -1).mean(1)
        ours = encoder.video(normalised(raw, MEAN, STD))
        torch.testing.assert_close(ours, expected, **TOLERANCE)
    whys = {line.why for line in report.lines if line.name.endswith("image_embed.weight")}
    assert any("made for pixels normalised as here" in why for why in whys)
    assert isinstance(spec, FrameLevel | Joint) and not report.notes


def test_missing_values_of_a_config_are_the_librarys_defaults() -> None:
    libraries = {
        "clip": CLIPVisionConfig(),
        "siglip": SiglipVisionConfig(),
        "vit": ViTConfig(),
        "videomae": VideoMAEConfig(),
        "vivit": VivitConfig(),
    }
    assert libraries.keys() == DEFAULTS.keys()
    for kind, config in libraries.items():
        assert config.num_attention_heads == HEADS
        for name, value in DEFAULTS[kind].items():  # type: ignore[index]
            assert getattr(config, name) == value, (kind, name)


def test_an_old_file_of_clip_with_its_counters_and_a_short_config_is_read(tmp_path: Path) -> None:
    theirs = published.clip_pair()
    theirs.save_pretrained(tmp_path)
    path, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    counter = {"vision_model.embeddings.position_ids": torch.arange(17)[None]}
    save_file(load_file(path) | counter, path)
    told = json.loads(config.read_text())
    kept = {key: told["vision_config"][key] for key in ("num_attention_heads", "model_type")}
    config.write_text(json.dumps({**told, "vision_config": kept}))
    encoder, report = started(CLIP, tmp_path)
    whys = {line.name: line.why for line in report.lines}
    assert whys["vision_model.embeddings.position_ids"] == "no weight but a counter"
    assert encoder.video.positions.shape == (1, 16, 48)
