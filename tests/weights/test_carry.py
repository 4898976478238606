"""From stage to stage: weights trained on images are kept in every layout."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.encoders.structures import FULL, STRUCTURES, make, some_clips
from tests.weights.carried import CLIPS, IMAGES, JOINT, image_features, kept, shaken
from vbench_mem.encoders.adapt import merge_lora
from vbench_mem.encoders.families import image_pretraining_spec
from vbench_mem.encoders.families.tubevit import TubeViT
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.spec import Inflation
from vbench_mem.weights.initialise import carry

NEW_LAYERS = ("factorized_encoder", "factorized_self_attention", "factorized_dot_product")


@pytest.mark.parametrize("name", STRUCTURES)
def test_weights_trained_on_images_start_every_layout(name: str, tmp_path: Path) -> None:
    spec = STRUCTURES[name]
    twin, encoder = shaken(image_pretraining_spec(spec)), make(spec)
    report = carry(kept(twin, tmp_path, IMAGES), encoder)
    assert not report.surprising
    old, new = twin.state_dict(), encoder.state_dict()
    for name in ("text.words.weight", "video.blocks.3.attn.qkv.weight", "video.head.weight"):
        assert torch.equal(old[name], new[name])
    if spec.layout not in NEW_LAYERS and spec.pooling != "attention":
        torch.testing.assert_close(image_features(encoder), image_features(twin))


@pytest.mark.parametrize("name", ["joint_test", "joint_test_coarse_time", "factorized_test"])
def test_a_still_clip_has_the_feature_of_its_image(name: str, tmp_path: Path) -> None:
    spec = STRUCTURES[name]
    twin, encoder = shaken(image_pretraining_spec(spec)), make(spec).eval()
    carry(kept(twin, tmp_path, IMAGES), encoder)
    still = some_clips(spec)[:, :1].expand(-1, 16, -1, -1, -1)
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.encode_video(still), image_features(twin), atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("inflation", ["average", "repeat", "central"])
def test_kernels_of_clips_start_from_images_as_the_spec_says(
    inflation: Inflation, tmp_path: Path
) -> None:
    spec = replace(JOINT, inflation=inflation)
    twin, encoder = shaken(image_pretraining_spec(spec)), make(spec)
    carry(kept(twin, tmp_path, IMAGES), encoder)
    expected = make(spec).video
    expected.image_embed.load_state_dict(twin.video.image_embed.state_dict())
    expected.initialise()
    torch.testing.assert_close(encoder.video.embed.weight, expected.embed.weight, rtol=0, atol=0)
    assert not torch.equal(encoder.video.embed.weight, make(spec).video.embed.weight)


def test_a_frames_kernel_that_clips_trained_starts_longer_ones(tmp_path: Path) -> None:
    old, new = shaken(STRUCTURES["frame_mean_test"]), make(JOINT)
    carry(kept(old, tmp_path, CLIPS), new)
    halves = new.video.embed.weight.view(-1, 3, 2, 16, 16)
    expected = old.video.embed.weight.view(-1, 3, 1, 16, 16) / 2
    torch.testing.assert_close(halves, expected.expand_as(halves))
    torch.testing.assert_close(new.video.image_embed.weight, old.video.image_embed.weight)


def test_kernels_that_clips_trained_are_kept(tmp_path: Path) -> None:
    for name in ("joint_test", "frame_mean_test", "tubevit_test"):
        old, new = shaken(STRUCTURES[name]), make(STRUCTURES[name])
        carry(kept(old, tmp_path, CLIPS), new)
        after = new.state_dict()
        assert all(torch.equal(each, after[key]) for key, each in old.state_dict().items())


def test_tubes_see_an_even_surface_as_the_image_kernel_does(tmp_path: Path) -> None:
    spec = STRUCTURES["tubevit_test"]
    old, new = shaken(spec), make(spec)
    report = carry(kept(old, tmp_path, IMAGES), new)
    even = torch.ones(1, 16, 3, 64, 64) * torch.tensor([0.5, -1.0, 2.0])[:, None, None]
    with torch.no_grad():
        image = new.video.image_embed(even[:, :1])[0, 0, 0]
        for tube in new.video.tubes:
            seen = tube(even).flatten(0, 2)
            torch.testing.assert_close(seen, image.expand_as(seen), atol=1e-4, rtol=1e-4)
    how = {line.name: line.why for line in report.lines if line.fate == "resized"}
    assert how["video.tubes.0.weight"] == "bilinear in space, average over 8 frames"


SHORTER_AND_LONGER = [
    (name, frames)
    for name, spec in STRUCTURES.items()
    for frames in (4, 64)
    if frames > 4 or not isinstance(spec, TubeViT)  # its tubes are 16 frames long
]


@pytest.mark.parametrize(("name", "frames"), SHORTER_AND_LONGER)
def test_16_frame_weights_start_a_shorter_and_a_longer_encoder(
    name: str, frames: int, tmp_path: Path
) -> None:
    spec = STRUCTURES[name]
    long = make(spec, frames=frames).eval()
    report = carry(kept(make(spec), tmp_path, CLIPS), long)
    assert not report.names("new") and not report.names("unused")
    with torch.no_grad():
        features = long.video(some_clips(spec, frames=frames))
    assert features.shape == (2, spec.tower.width) and bool(features.isfinite().all())


@pytest.mark.parametrize(("frames", "px"), [(4, 64), (64, 64), (16, 96), (64, 32)])
def test_positions_stretch_in_time_and_space(frames: int, px: int, tmp_path: Path) -> None:
    for name in ("joint_test", "factorized_encoder_test"):
        spec = STRUCTURES[name]
        old, new = shaken(spec), make(replace(spec, resolution_px=px), frames=frames).eval()
        report = carry(kept(old, tmp_path, CLIPS), new)
        assert set(report.names("resized")) <= {"video.positions", "video.time_positions"}
        assert not report.names("new") and not report.names("unused")
        corner = new.video.positions[0, 0]
        if px >= 64 and frames >= 16:  # outermost places are held, not extrapolated
            torch.testing.assert_close(corner, old.video.positions[0, 0], atol=1e-5, rtol=1e-5)
        with torch.no_grad():
            assert new.encode_video(some_clips(new.video.spec, frames)).isfinite().all()


def test_a_table_without_times_keeps_the_mean_over_time(tmp_path: Path) -> None:
    flat = replace(JOINT, tubelet_frames=1)
    old, new = shaken(flat), make(image_pretraining_spec(flat))
    carry(kept(old, tmp_path, {}), new)
    torch.testing.assert_close(new.video.positions, old.video.image_positions())


def test_temporal_attention_starts_as_a_copy_behind_a_shut_gate(tmp_path: Path) -> None:
    spec = STRUCTURES["factorized_test"]
    twin, encoder = shaken(image_pretraining_spec(spec)), make(spec)
    report = carry(kept(twin, tmp_path, IMAGES), encoder)
    block, taught = encoder.video.blocks[2], twin.video.blocks[2]
    torch.testing.assert_close(block.time_attn.state_dict(), taught.attn.state_dict())
    torch.testing.assert_close(block.time_norm.state_dict(), taught.norm1.state_dict())
    assert block.gate.item() == 0
    assert {line.fate for line in report.lines if ".time_" in line.name} == {"new"}


@pytest.mark.parametrize("recipe", ["adapter64", "lora8", "last4", "mask75"])
@pytest.mark.parametrize("name", ["joint_test", "factorized_test", "frame_attpool_test"])
def test_a_recipe_starts_on_top_of_full_weights_without_a_change(
    name: str, recipe: str, tmp_path: Path
) -> None:
    spec, how = STRUCTURES[name], RECIPES[recipe]
    old, new = shaken(spec), make(spec, how).eval()
    report = carry(kept(old, tmp_path, CLIPS), new)
    assert all(".adapter." in name or ".lora_" in name for name in report.names("new"))
    clips = some_clips(spec)
    with torch.no_grad():
        torch.testing.assert_close(new.encode_video(clips), old.encode_video(clips))


def test_the_same_adaptation_is_kept_and_another_lora_is_merged_first(tmp_path: Path) -> None:
    clips = some_clips(JOINT)
    for before, after, named in (
        (RECIPES["lora8"], RECIPES["lora8"], "lora_a"),
        (RECIPES["lora8"], RECIPES["lora64"], None),
        (RECIPES["lora8"], replace(RECIPES["lora8"], lora_alpha=3.0), None),
        (RECIPES["lora8"], FULL, None),
        (RECIPES["adapter64"], RECIPES["mask75_adapter64"], "adapter"),
    ):
        old = shaken(JOINT, before)
        new = make(JOINT, after).eval()
        report = carry(kept(old, tmp_path, CLIPS), new)
        assert not report.names("unused")
        assert any((named or "lora") in name for name in report.names("loaded")) == bool(named)
        with torch.no_grad():
            features = old.encode_video(clips)
            torch.testing.assert_close(new.encode_video(clips), features, atol=1e-5, rtol=1e-5)
            merge_lora(old)
            torch.testing.assert_close(old.encode_video(clips), features, atol=1e-5, rtol=1e-5)
