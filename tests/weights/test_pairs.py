"""CLIP and SigLIP pairs: the same similarities as in transformers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from tests.weights import pairs, published, renamed
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load
from vbench_mem.data.tokenizer_file import with_tokenizer
from vbench_mem.data.tokens_of_captions import tokenize
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.weights.checkpoint import read_checkpoint, save_checkpoint
from vbench_mem.weights.expected import CAPTIONS, UNKNOWN_CAPTIONS
from vbench_mem.weights.initialise import initialise
from vbench_mem.weights.report import Report

TOLERANCE = {"atol": 1e-5, "rtol": 1e-4}
PAIRS: dict[str, tuple[Callable[[Path], tuple[Any, Any]], FrameLevel]] = {
    "clip": (pairs.clip, pairs.CLIP),
    "siglip": (pairs.siglip, pairs.SIGLIP),
}


@pytest.fixture(scope="module", params=PAIRS)
def pair(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Their model, their tokenizer, where both lie, and the spec they fit."""
    make, spec = PAIRS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    return (*make(folder), folder, spec)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    folder = tmp_path_factory.mktemp("clip")
    return (*pairs.clip(folder), folder)


def started(spec: FrameLevel, init: Path, **how: Any) -> tuple[DualEncoder, Report]:
    load = Load(frames=3, batch=2, resolution_px=64, caption_tokens=spec.text.max_tokens)
    encoder = build(spec, Recipe(), load).eval()
    return encoder, initialise(encoder, spec, load, init, **how)


@torch.no_grad()
def check_same(encoder: DualEncoder, folder: Path, theirs: Any, tokenizer: Any) -> None:
    """Image, clip and caption features, and with them the similarities."""
    clips = published.some_images(6).view(2, 3, 3, 64, 64)
    long = " ".join(pairs.CAPTIONS)  # loses its tail
    texts = (*pairs.CAPTIONS, long)
    video_BE, text_CE = pairs.features(theirs, tokenizer, clips, texts)
    spec = with_tokenizer(encoder.video.spec, folder)
    tokens = tokenize(texts, spec.text, pairs.PLACES)
    assert tokens.truncated == 1
    ours_BE = encoder.encode_video(clips)
    ours_CE = encoder.encode_text(tokens.ids_BL, tokens.mask_BL)
    torch.testing.assert_close(ours_CE, F.normalize(text_CE, dim=1), **TOLERANCE)
    torch.testing.assert_close(ours_BE, F.normalize(video_BE, dim=1), **TOLERANCE)
    first = pairs.features(theirs, tokenizer, clips[:, :1], texts)[0]
    images = encoder.encode_image(clips[:, 0])
    torch.testing.assert_close(images, F.normalize(first, dim=1), **TOLERANCE)
    similar = F.normalize(text_CE, dim=1) @ F.normalize(video_BE, dim=1).T
    torch.testing.assert_close(ours_CE @ ours_BE.T, similar, **TOLERANCE)
    assert similar.std() > 100 * TOLERANCE["atol"]  # else all that would say little


def test_a_published_pair_gives_the_same_similarities(pair: Any) -> None:
    theirs, tokenizer, folder, spec = pair
    encoder, report = started(spec, folder, as_is=True)
    check_same(encoder, folder, theirs, tokenizer)
    assert not report.names("new")
    assert encoder.logit_scale.item() == pytest.approx(theirs.logit_scale.item())
    if spec.text.feature == "last":
        assert report.bias == pytest.approx(theirs.logit_bias.item())
        assert report.names("unused") == ["logit_bias"]
    else:
        assert report.bias is None and not report.names("unused")


def test_every_axis_that_a_caption_tower_lacks_is_named(pair: Any) -> None:
    _, _, folder, spec = pair
    plain = replace(TEXT_TEST, tokenizer="file")
    with pytest.raises(UsageError) as caught:
        started(replace(spec, text=plain, embed_dim=16), folder)
    wanted = str(caught.value).partition("; write ")[2]
    told = dict(each.split(": ") for each in wanted.split(", "))
    text = spec.text
    causal = {"text.causal": "true"} if text.causal else {"text.head_bias": "true"}
    assert told == causal | {
        "text.tower.width": "32",
        "text.tower.mlp": "64",
        "text.vocab": str(pairs.VOCAB),
        "text.max_tokens": str(pairs.PLACES),
        "text.feature": text.feature,
        "text.activation": text.activation,
        "text.norm_eps": "1.0e-05" if text.norm_eps == 1e-5 else "1.0e-06",
        "text.embed_norm": "false",
        "embed_dim": str(spec.embed_dim),
    }


def test_hashed_words_leave_the_captions_of_a_pair_alone(pair: Any) -> None:
    _, _, folder, spec = pair
    _, report = started(replace(spec, text=TEXT_TEST), folder)
    whys = {line.why for line in report.lines if line.name.startswith(("text.", "text_model."))}
    assert whys == {CAPTIONS} and report.bias is None
    assert "logit_scale" in report.names("new")
    with pytest.raises(UsageError, match=r"new text\.words\.weight .*; nothing trains it"):
        started(replace(spec, text=TEXT_TEST), folder, as_is=True)


def test_untrained_images_are_pooled_as_the_pair_pools_them(pair: Any) -> None:
    _, _, folder, spec = pair
    mean = replace(spec, pooling="mean")
    started(mean, folder)
    with pytest.raises(UsageError, match=f"pooling is {spec.pooling} there and mean here"):
        started(mean, folder, as_is=True)


@pytest.mark.parametrize("configured", [True, False])
def test_open_clips_state_dict_gives_the_same_similarities(
    clip: Any, configured: bool, tmp_path: Path
) -> None:
    theirs, tokenizer, folder = clip
    state = renamed.open_clip_pair(theirs.state_dict())
    save_file(state, tmp_path / "open_clip_model.safetensors")
    if configured:
        text = '{"context_length": 20, "vocab_size": 640, "width": 32, "heads": 2, "layers": 2}'
        model = f'"quick_gelu": true, "vision_cfg": {{"head_width": 12}}, "text_cfg": {text}'
        (tmp_path / "open_clip_config.json").write_text(f'{{"model_cfg": {{{model}}}}}')
    encoder, report = started(pairs.CLIP, tmp_path, as_is=True)
    check_same(encoder, folder, theirs, tokenizer)
    assert not report.names("new") and not report.names("unused")
    trusted = [note for note in report.notes if "text.activation" in note]
    assert bool(trusted) is not configured


def test_an_incomplete_caption_tower_is_named(clip: Any, tmp_path: Path) -> None:
    *_, folder = clip
    published.copied(folder, tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(folder / path.name)
    for name, part in (
        ("text_model.encoder.layers.1.self_attn.k_proj.weight", r"blocks\.1\.attn\.k\.weight"),
        ("text_projection.weight", r"head\.weight"),
        ("text_model.embeddings.position_embedding.weight", r"places\.weight"),
    ):
        save_file({key: each for key, each in state.items() if key != name}, path)
        with pytest.raises(UsageError, match=f"its {part} is missing; copy the files again"):
            started(pairs.CLIP, tmp_path)
    save_file({**state, "text_model.new_thing": torch.zeros(2)}, path)
    with pytest.raises(UsageError, match=r"unused text_model\.new_thing \(unknown here\)"):
        started(pairs.CLIP, tmp_path)


def test_captions_of_an_unknown_form_are_unused_and_never_read(clip: Any, tmp_path: Path) -> None:
    state = renamed.open_clip_pair(clip[0].state_dict())
    vision = {name: each for name, each in state.items() if name.startswith("visual.")}
    save_file(vision, tmp_path / "open_clip_model.safetensors")
    _, report = started(pairs.CLIP, tmp_path)
    whys = {line.why for line in report.lines if line.name.startswith("text.")}
    assert whys == {UNKNOWN_CAPTIONS}
    with pytest.raises(UsageError, match="not among those known here; nothing trains it"):
        started(pairs.CLIP, tmp_path, as_is=True)


def test_a_checkpoint_identifies_its_tokenizer_by_hash_alone(clip: Any, tmp_path: Path) -> None:
    *_, folder = clip
    spec = with_tokenizer(pairs.CLIP, folder)
    encoder, _ = started(spec, folder)
    path = tmp_path / "own.safetensors"
    load = Load(frames=3, batch=1, resolution_px=64)
    save_checkpoint(path, encoder, spec=spec, recipe=Recipe(), load=load, facts={})
    assert str(folder).encode() not in path.read_bytes()
    assert read_checkpoint(path).spec == spec
    for fits in (spec, pairs.CLIP):  # a spec of the table names no file
        same, report = started(fits, path, as_is=True)
        assert not report.names("new")
        assert torch.equal(same.text.words.weight, encoder.text.words.weight)
    other = replace(spec, text=replace(spec.text, tokenizer_sha256="ab" * 32))
    first = str(spec.text.tokenizer_sha256)[:8]
    with pytest.raises(UsageError, match=f"another tokenizer; .* SHA-256 begins with {first}"):
        started(other, path)
