"""State dicts of open_clip and timm by their published names: the same features here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.weights import published, renamed
from tests.weights.published import CLIP, SIGLIP, TOLERANCE, VIT, started
from vbench_mem.base.errors import UsageError
from vbench_mem.weights.expected import CAPTIONS

OPEN_CLIP_CONFIG = {
    "model_cfg": {
        "embed_dim": 32,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": 48, "head_width": 12},
        "text_cfg": {"width": 32},
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    },
}


@torch.no_grad()
def clip_features(theirs: Any, images: torch.Tensor) -> torch.Tensor:
    found = theirs.get_image_features(images)
    found = getattr(found, "pooler_output", found)
    return found / found.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("form", ["safetensors", "pickle", "training", "layer scale", "half"])
def test_open_clip_gives_the_same_features(form: str, tmp_path: Path) -> None:
    theirs = published.clip_pair()
    state = renamed.open_clip(theirs.state_dict())
    path = tmp_path / ("open_clip_model.safetensors" if form != "pickle" else "a.pt")
    if form == "pickle":
        torch.save(state, path)
    elif form == "training":
        path = tmp_path / "epoch_1.pt"
        wrapped = {f"module.{name}": each for name, each in state.items()}
        torch.save({"epoch": 1, "name": "run", "state_dict": wrapped}, path)
    elif form == "layer scale":
        scales = ("ls_1", "ls_2")
        save_file(renamed.with_layer_scale(state, ("attn.out_proj", "mlp.c_proj"), scales), path)
    elif form == "half":
        save_file({name: each.bfloat16() for name, each in state.items()}, path)
        theirs = theirs.bfloat16().float()
    else:
        save_file(state, path)
    encoder, report = started(CLIP, path)
    images = published.some_images()
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.encode_image(images), clip_features(theirs, images), **TOLERANCE
        )
    assert report.source == "open_clip"
    whys = {line.name: line.why for line in report.lines if line.fate == "unused"}
    assert set(whys.values()) == {CAPTIONS, "measures both towers together"}
    assert any("tower.heads, activation" in note for note in report.notes)
    scaled = {line.name for line in report.lines if "scale folded" in line.why}
    assert (len(scaled) == 8) == (form == "layer scale")


def test_open_clips_config_is_used(tmp_path: Path) -> None:
    state = renamed.open_clip(published.clip_pair().state_dict())
    save_file(state, tmp_path / "open_clip_model.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps(OPEN_CLIP_CONFIG))
    _, report = started(CLIP, tmp_path)
    assert not report.notes
    with pytest.raises(UsageError, match=r"write tower\.heads: 4, activation: quick_gelu"):
        started(replace(CLIP, activation="gelu", tower=replace(CLIP.tower, heads=2)), tmp_path)


@pytest.mark.parametrize("kind", ["clip", "siglip", "vit"])
@pytest.mark.parametrize("form", ["safetensors", "model", "layer scale"])
def test_timm_gives_the_same_features(kind: str, form: str, tmp_path: Path) -> None:
    make, spec = {
        "clip": (published.clip, CLIP),
        "siglip": (published.siglip, SIGLIP),
        "vit": (published.vit, VIT),
    }[kind]
    theirs: Any = make()
    state = renamed.timm(theirs.state_dict()) | {"head.weight": torch.zeros(10, 48)}
    path = tmp_path / "model.safetensors"
    if form == "model":
        path = tmp_path / "pretrained.pth"  # as MAE and DeiT publish them
        torch.save({"model": state}, path)
    elif form == "layer scale":
        save_file(renamed.with_layer_scale(state, ("attn.proj", "mlp.fc2"), ("ls1", "ls2")), path)
    else:
        save_file(state, path)
    encoder, report = started(spec, path)
    images = published.some_images()
    with torch.no_grad():
        tokens = theirs(images).last_hidden_state
        if kind == "clip":
            expected = theirs(images).pooler_output
        else:
            expected = tokens[:, 0] if kind == "vit" else tokens.mean(1)
        torch.testing.assert_close(encoder.video.image(images), expected, **TOLERANCE)
    assert report.source == "timm"
    assert report.names("unused") == ["head.weight"]


def test_timms_trunk_inside_open_clip_is_identified(tmp_path: Path) -> None:
    theirs = published.siglip()
    trunk = renamed.timm(theirs.state_dict())
    state = {f"visual.trunk.{name}": each for name, each in trunk.items()}
    state |= {"visual.head.proj.weight": torch.randn(32, 48), "text.ln_final.weight": torch.ones(9)}
    state["logit_bias"] = torch.zeros(())
    save_file(state, tmp_path / "open_clip_model.safetensors")
    encoder, report = started(SIGLIP, tmp_path)
    images = published.some_images()
    with torch.no_grad():
        expected = theirs(images).last_hidden_state.mean(1)
        torch.testing.assert_close(encoder.video.image(images), expected, **TOLERANCE)
    assert torch.equal(encoder.video.head.weight, state["visual.head.proj.weight"])
    assert sorted(report.names("unused")) == ["logit_bias", "text.ln_final.weight"]


def test_a_class_token_without_a_position_is_unchanged(tmp_path: Path) -> None:
    state = renamed.timm(published.vit().state_dict())
    token, table = state["cls_token"], state["pos_embed"]
    save_file({**state, "pos_embed": table[:, 1:].contiguous()}, tmp_path / "a.safetensors")
    bare, _ = started(VIT, tmp_path)
    assert torch.equal(bare.video.class_token, token)
    assert torch.equal(bare.video.positions, table[:, 1:])


@pytest.mark.parametrize("name", ["reg_token", "blocks.0.attn.q_norm.weight", "blocks.0.gamma_1"])
def test_tensors_that_would_change_the_function_are_a_surprise(name: str, tmp_path: Path) -> None:
    state = renamed.timm(published.vit().state_dict())
    save_file({**state, name: torch.zeros(12)}, tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match=rf"not expected of a timm file here: unused {name}"):
        started(VIT, tmp_path)
    _, report = started(VIT, tmp_path, allow=(f"unused:{name}",))
    assert report.names("unused") == [name]
    assert [line.why for line in report.lines if line.fate == "unused"] == ["unknown here; allowed"]


def test_timm_with_its_norm_after_pooling_has_a_reason(tmp_path: Path) -> None:
    state = renamed.timm(published.vit().state_dict())
    after = {name.replace("norm.", "fc_norm.", 1) if name.startswith("norm.") else name: each
             for name, each in state.items()}  # fmt: skip
    save_file(after, tmp_path / "a.safetensors")
    _, report = started(VIT, tmp_path)
    whys = {line.name: line.why for line in report.lines}
    assert whys["fc_norm.weight"] == "a norm after pooling; ours is before it"
    assert whys["video.norm.weight"] == "the source normalises after pooling or not at all"
