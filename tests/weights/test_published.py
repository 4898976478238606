"""Weights of transformers, as its own `save_pretrained` writes them: the same features here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    VideoMAEForPreTraining,
    VideoMAEForVideoClassification,
    ViTForImageClassification,
    VivitForVideoClassification,
)

from tests.weights import published
from tests.weights.published import CLIP, SIGLIP, TOLERANCE, VIDEOMAE, VIT, VIVIT, started
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.factorized import Factorized
from vbench_mem.encoders.families.factorized_encoder import FactorizedEncoder
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.families.tubevit import TubeViT
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.weights.expected import CAPTIONS, NO_CAPTIONS

OUTSIDE = {"video.head.weight", "logit_scale"}
IMAGE_MODELS = {
    "clip": (published.clip, CLIP, lambda out: out.pooler_output),
    "siglip": (published.siglip, SIGLIP, lambda out: out.last_hidden_state.mean(1)),
    "vit": (published.vit, VIT, lambda out: out.last_hidden_state[:, 0]),
}


@pytest.mark.parametrize("kind", IMAGE_MODELS)
def test_an_image_model_gives_the_same_features_per_frame(kind: str, tmp_path: Path) -> None:
    make, spec, feature = IMAGE_MODELS[kind]
    theirs: Any = make()
    theirs.save_pretrained(tmp_path)
    encoder, report = started(spec, tmp_path)
    clips = published.some_images(8).view(2, 4, 3, 64, 64)
    with torch.no_grad():
        each = feature(theirs(clips.flatten(0, 1))).view(2, 4, -1)
        torch.testing.assert_close(encoder.video(clips), each.mean(1), **TOLERANCE)
        torch.testing.assert_close(encoder.video.image(clips[:, 0]), each[:, 0], **TOLERANCE)
    assert report.source == kind
    assert {name for name in report.names("new") if not name.startswith("text.")} == OUTSIDE
    whys = {line.why for line in report.lines if line.name.startswith("text.")}
    assert whys == ({NO_CAPTIONS} if kind == "vit" else {CAPTIONS})


VIDEO_MODELS: dict[str, tuple[Callable[[], Any], Spec]] = {
    "videomae": (published.videomae, VIDEOMAE),
    "vivit": (published.vivit, VIVIT),
}


@pytest.mark.parametrize(
    ("kind", "pooling"), [("videomae", "mean"), ("vivit", "mean"), ("vivit", "class")]
)
def test_a_video_model_gives_the_same_features(kind: str, pooling: Any, tmp_path: Path) -> None:
    make, spec = VIDEO_MODELS[kind]
    theirs = make()
    theirs.save_pretrained(tmp_path)
    encoder, report = started(replace(spec, pooling=pooling), tmp_path)
    clips = published.some_images(8).view(2, 4, 3, 64, 64)
    with torch.no_grad():
        tokens = theirs(clips).last_hidden_state
        first = 1 if spec.class_token else 0
        feature = tokens[:, 0] if pooling == "class" else tokens[:, first:].mean(1)
        torch.testing.assert_close(encoder.video(clips), feature, **TOLERANCE)
    assert {name for name in report.names("new") if not name.startswith("text.")} == OUTSIDE
    assert report.names("unused") == [name for name in report.names("unused") if "pooler" in name]


def test_videomae_without_a_last_norm_gives_the_same_tokens_before_ours(tmp_path: Path) -> None:
    theirs = published.videomae(use_mean_pooling=True)
    theirs.save_pretrained(tmp_path)
    encoder, report = started(VIDEOMAE, tmp_path)
    assert {"video.norm.weight", "video.norm.bias"} <= set(report.names("new"))
    clips, video = published.some_images(8).view(2, 4, 3, 64, 64), encoder.video
    with torch.no_grad():
        tokens = theirs(clips).last_hidden_state
        ours = video.layers(video.prepend_class_token(video.tokens(clips, None).flatten(1, 2)))
        torch.testing.assert_close(ours, tokens, **TOLERANCE)


def test_an_image_is_embedded_as_a_video_model_embeds_a_still(tmp_path: Path) -> None:
    published.vivit().save_pretrained(tmp_path)
    spec = replace(VIVIT, tubelet_frames=2)
    encoder, report = started(spec, tmp_path, frames=2)
    images = published.some_images()
    still = images[:, None].expand(-1, 2, -1, -1, -1)
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.video.image_embed(images[:, None]), encoder.video.embed(still), **TOLERANCE
        )
    how = {line.name: line.why for line in report.lines}
    assert how["video.image_embed.weight"] == "summed over 2 frames"


@pytest.mark.parametrize(
    "model", [ViTForImageClassification, VivitForVideoClassification,
              VideoMAEForVideoClassification, VideoMAEForPreTraining]
)  # fmt: skip
def test_heads_of_other_trades_are_left_without_a_surprise(model: Any, tmp_path: Path) -> None:
    spec = {"ViT": VIT, "Viv": VIVIT, "Vid": VIDEOMAE}[model.__name__[:3]]
    bodies = {"ViT": published.vit, "Viv": published.vivit, "Vid": published.videomae}
    config = bodies[model.__name__[:3]]().config
    config.update({"decoder_num_hidden_layers": 1, "decoder_hidden_size": 48})
    config.update({"use_mean_pooling": True})
    published.randomised(model(config)).save_pretrained(tmp_path)
    _, report = started(spec, tmp_path)
    unused = set(report.names("unused"))
    assert unused and all("." in name or name == "mask_token" for name in unused)
    assert all(line.why for line in report.lines if line.fate == "unused")
    assert not any("encoder.layer." in name for name in unused)


def test_a_pair_gives_its_vision_side_and_its_projection(tmp_path: Path) -> None:
    theirs = published.clip_pair()
    theirs.save_pretrained(tmp_path)
    encoder, report = started(CLIP, tmp_path)
    images = published.some_images()
    with torch.no_grad():
        expected = theirs.get_image_features(images)
        expected = getattr(expected, "pooler_output", expected)
        torch.testing.assert_close(
            encoder.encode_image(images), expected / expected.norm(dim=1, keepdim=True), **TOLERANCE
        )
    whys = {line.name: line.why for line in report.lines if line.fate == "unused"}
    assert whys["text_model.embeddings.token_embedding.weight"] == CAPTIONS
    assert whys["logit_scale"] == "measures both towers together"
    _, narrow = started(replace(CLIP, embed_dim=16), tmp_path)
    whys = {line.name: line.why for line in narrow.lines if line.fate == "unused"}
    assert whys["visual_projection.weight"] == "32 wide; embed_dim: 32 takes it"
    assert "video.head.weight" in narrow.names("new")


def test_siglips_pair_gives_the_same_features(tmp_path: Path) -> None:
    theirs = published.siglip_pair()
    theirs.save_pretrained(tmp_path)
    encoder, report = started(SIGLIP, tmp_path)
    images = published.some_images()
    with torch.no_grad():
        tokens = theirs.vision_model(images).last_hidden_state
        torch.testing.assert_close(encoder.video.image(images), tokens.mean(1), **TOLERANCE)
    whys = {line.why for line in report.lines if line.name.startswith("vision_model.head.")}
    assert whys == {"pooling is mean here"}


@pytest.mark.parametrize("make", [Joint, Factorized, FactorizedEncoder, TubeViT])
def test_an_image_model_starts_every_layout(make: Any, tmp_path: Path) -> None:
    published.vit().save_pretrained(tmp_path)
    shared = {"activation": "gelu", "norm_eps": 1e-12}
    carries = make.takes_class_token
    given = published.WITH_CLASS if carries else published.OURS
    encoder, report = started(make(**shared, **given), tmp_path, frames=16)
    assert not report.surprising
    assert encoder.video.blocks[1].mlp.fc1.weight.abs().max() > 0.2  # not our own start
    if not carries:
        left = next(line for line in report.lines if "cls_token" in line.name)
        assert (left.fate, left.why) == (
            "unused",
            f"the {encoder.video.spec.layout} layout carries none",
        )


def test_a_still_clip_is_seen_by_joint_attention_as_the_image_model_sees_it(
    tmp_path: Path,
) -> None:
    theirs = published.siglip()
    theirs.save_pretrained(tmp_path)
    spec = Joint(activation="gelu_tanh", norm_eps=1e-6, **published.OURS)
    encoder, _ = started(spec, tmp_path, frames=8)
    images = published.some_images()
    with torch.no_grad():
        expected = theirs(images).last_hidden_state.mean(1)
        seen = encoder.video(images[:, None].expand(-1, 8, -1, -1, -1))
        torch.testing.assert_close(seen, expected, **TOLERANCE)


def test_a_recipe_is_added_to_loaded_weights(tmp_path: Path) -> None:
    published.vit().save_pretrained(tmp_path)
    plain, _ = started(VIT, tmp_path)
    clips = published.some_images(8).view(2, 4, 3, 64, 64)
    for name in ("adapter64", "lora8", "last4"):
        recipe = replace(RECIPES[name], blocks=1) if name == "last4" else RECIPES[name]
        adapted, report = started(VIT, tmp_path, recipe=recipe)
        assert not report.surprising
        with torch.no_grad():
            torch.testing.assert_close(adapted.video(clips), plain.video(clips))


def test_half_precision_is_taken_exactly(tmp_path: Path) -> None:
    published.vit().half().save_pretrained(tmp_path)
    encoder, report = started(VIT, tmp_path)
    stored = load_file(tmp_path / "model.safetensors")["encoder.layer.1.output.dense.weight"]
    assert stored.dtype == torch.float16
    assert torch.equal(encoder.video.blocks[1].mlp.fc2.weight, stored.float())
    state = load_file(tmp_path / "model.safetensors")
    table, token = state["embeddings.position_embeddings"], state["embeddings.cls_token"]
    assert torch.equal(encoder.video.class_token, token.float() + table[:, :1].float())
    line = next(each for each in report.lines if each.name == "video.blocks.1.mlp.fc2.weight")
    assert (line.fate, line.why) == ("loaded", "from float16")


def test_older_and_newer_names_are_the_same_weights(tmp_path: Path) -> None:
    theirs = published.vit()
    theirs.save_pretrained(tmp_path)
    older, _ = started(VIT, tmp_path)
    save_file(dict(theirs.state_dict()), tmp_path / "model.safetensors")  # as version 5 calls them
    newer, _ = started(VIT, tmp_path)
    for (name, one), (_, other) in zip(
        older.video.state_dict().items(), newer.video.state_dict().items(), strict=True
    ):
        assert torch.equal(one, other) or name == "head.weight", name


def test_siglips_attention_pooling_is_taken_but_not_the_layer_behind_it(tmp_path: Path) -> None:
    theirs = published.siglip()
    theirs.save_pretrained(tmp_path)
    spec = replace(SIGLIP, pooling="attention")
    with pytest.raises(
        UsageError, match=r"unused head\.layernorm\.bias .* allow: .unused:head\."
    ) as _:
        started(spec, tmp_path)
    encoder, report = started(spec, tmp_path, allow=("unused:head.*",))
    images = published.some_images()
    with torch.no_grad():
        tokens = theirs(images).last_hidden_state
        probe = theirs.head.probe.expand(2, -1, -1)
        pooled = theirs.head.attention(probe, tokens, tokens)[0][:, 0]
        torch.testing.assert_close(encoder.video.image(images), pooled, **TOLERANCE)
    assert "video.pool.kv.weight" in report.names("loaded")
