"""Files and configs that contradict themselves or the encoder, each refused in one sentence."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.weights import published
from tests.weights.published import CLIP, VIT, copied, started
from vbench_mem.base.errors import UsageError


def test_weights_of_another_kind_are_refused_with_the_names_found(
    vit: Path, tmp_path: Path
) -> None:
    copied(vit, tmp_path)
    config = tmp_path / "config.json"
    told = json.loads(config.read_text())
    config.write_text(json.dumps({**told, "model_type": "bert"}))
    with pytest.raises(UsageError, match=r"config\.json says bert and it holds embeddings\.cls_t"):
        started(VIT, tmp_path)
    config.unlink()
    with pytest.raises(UsageError, match=r"config\.json is not beside them; add it"):
        started(VIT, tmp_path)


def test_a_config_that_does_not_fit_is_reported_by_axis(vit: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        started(CLIP, vit)
    assert str(caught.value) == (
        f"{vit} does not fit the frame_level encoder: patch_bias is true there and false here, "
        "pre_norm is false there and true here, activation is gelu there and quick_gelu here, "
        "norm_eps is 1.0e-12 there and 1.0e-05 here; "
        "write patch_bias: true, pre_norm: false, activation: gelu, norm_eps: 1.0e-12"
    )
    copied(vit, tmp_path)
    config = tmp_path / "config.json"
    told = json.loads(config.read_text())
    for change, message in (
        ({"hidden_act": "silu"}, "hidden_act silu is not supported; known: gelu"),
        ({"hidden_act": "gelu_nwe"}, "did you mean gelu_new"),
        ({"num_attention_heads": "many"}, "its config cannot be understood"),
        ({"num_attention_heads": 6}, r"tower\.heads is 6 there and 4 here; write tower\.heads: 6"),
    ):
        config.write_text(json.dumps({**told, **change}))
        with pytest.raises(UsageError, match=message):
            started(VIT, tmp_path)


def test_tensors_that_are_missing_or_misshapen_are_named(vit: Path, tmp_path: Path) -> None:
    copied(vit, tmp_path)
    state, path = load_file(vit / "model.safetensors"), tmp_path / "model.safetensors"
    kernel, table = (
        "embeddings.patch_embeddings.projection.weight",
        "embeddings.position_embeddings",
    )
    key = "encoder.layer.0.attention.attention.key.weight"
    for name, each, message in (
        (key, None, r"its blocks\.0\.attn\.k\.weight is missing; copy the files again"),
        (key, torch.zeros(9, 48), r"is 105x48 and video\.blocks\.0\.attn\.qkv\.weight is 144x48"),
        (kernel, torch.zeros(48, 1, 16, 16), "patch kernel is 48x1x16x16; it must be of red"),
        (kernel, torch.zeros(48, 3, 16, 8), "its patches are 16x8 px; ours are square"),
        (table, torch.zeros(1, 8, 48), "7 positions are not a square grid at 1 times"),
        (table, torch.full((1, 17, 48), torch.inf), "holds what is no finite number"),
        (table, torch.zeros(1, 17, 48, dtype=torch.int64), "holds what is no finite number"),
    ):  # fmt: skip
        changed = {**state, name: each} if each is not None else dict(state)
        if each is None:
            del changed[name]
        save_file(changed, path)
        with pytest.raises(UsageError, match=message):
            started(VIT, tmp_path)


def test_a_video_table_must_be_of_the_configs_frames(tmp_path: Path) -> None:
    published.vivit().save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    told = json.loads(config.read_text())
    for change, message in (
        ({"num_frames": 8}, "33 positions where its config.json states 64; use both"),
        ({"image_size": [64, 64]}, "add num_frames and image_size, a whole number, to its con"),
    ):
        config.write_text(json.dumps({**told, **change}))
        with pytest.raises(UsageError, match=message):
            started(published.VIVIT, tmp_path)
