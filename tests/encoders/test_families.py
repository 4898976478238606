"""One test per promise of a family: what it sees, what it equals, what it starts from."""

import dataclasses

import pytest
import torch

from tests.encoders.structures import (
    SMALL,
    STRUCTURES,
    VARIANTS,
    load_for,
    make,
    shake,
    some_captions,
    some_clips,
)
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.adapt import merge_lora
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.families.factorized import Factorized
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.grid import Kept
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.text_spec import TEXT_TEST
from vbench_mem.encoders.tower import VideoTower
from vbench_mem.encoders.variants import kept_tokens
from vbench_mem.probes.storages import StorageTracker

STILL = [
    name
    for name, spec in STRUCTURES.items()
    if not spec.own_kernels and not spec.class_token_spans_frames
]
PERMUTED = [15, 3, 8, 0, 12, 7, 1, 14, 2, 9, 4, 13, 5, 11, 6, 10]


def tower(
    spec: Spec, recipe: Recipe = RECIPES["full"], runtime: Runtime | None = None
) -> VideoTower:
    video = make(spec, recipe, runtime=runtime).video
    shake(video)
    return video.eval()


def make_times_alike(video: VideoTower) -> None:
    """Give every time step the same position."""
    with torch.no_grad():
        video.positions.copy_(video.positions[:1].expand_as(video.positions))
        if hasattr(video, "time_positions"):
            video.time_positions.copy_(video.time_positions[:1].expand_as(video.time_positions))


def test_factorized_with_its_gate_shut_equals_the_vit_applied_to_each_frame() -> None:
    sizes = {"tower": SMALL, "text": TEXT_TEST, "embed_dim": 32, "resolution_px": 64}
    factorized = make(Factorized(**sizes, tubelet_frames=1)).video.eval()
    frames = make(FrameLevel(**sizes)).video.eval()
    make_times_alike(factorized)
    state = {k: v for k, v in factorized.state_dict().items() if k in frames.state_dict()}
    state["positions"] = state["positions"][:1]
    frames.load_state_dict(state)
    clips = some_clips(factorized.spec)
    torch.testing.assert_close(factorized(clips), frames(clips))
    with torch.no_grad():
        for layer in factorized.blocks:
            layer.gate.fill_(1.0)
    assert not torch.allclose(factorized(clips), frames(clips), atol=1e-3)


@pytest.mark.parametrize("inflation", ["average", "central"])
@pytest.mark.parametrize("name", STILL)
def test_an_inflated_still_video_equals_the_image_path(name: str, inflation: str) -> None:
    video = tower(dataclasses.replace(STRUCTURES[name], inflation=inflation))
    video.embed.inflate(video.image_embed, video.spec.inflation)
    make_times_alike(video)
    image = some_clips(video.spec, frames=1)
    still = image.expand(-1, 16, -1, -1, -1)
    torch.testing.assert_close(video(still), video.image(image[:, 0]), atol=2e-5, rtol=1e-4)


def test_repeat_inflation_sees_a_still_video_t_times_as_bright() -> None:
    video = tower(dataclasses.replace(STRUCTURES["joint_test"], inflation="repeat"))
    video.embed.inflate(video.image_embed, "repeat")
    image = some_clips(video.spec, frames=1)
    still = image.expand(-1, 16, -1, -1, -1)
    with torch.no_grad():
        twice = video.embed(still)[:, 0] - video.embed.bias
        once = video.image_embed(image)[:, 0] - video.image_embed.bias
    torch.testing.assert_close(twice, 2 * once, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", STRUCTURES)
def test_only_frame_level_encoders_are_blind_to_the_order_of_frames(name: str) -> None:
    video = tower(STRUCTURES[name])
    clips = some_clips(video.spec)
    blind = torch.allclose(video(clips), video(clips[:, PERMUTED]), atol=1e-5)
    assert blind == (video.spec.mixing == "per_frame")


@pytest.mark.parametrize(
    ("name", "recipe"), [v for v in VARIANTS if v[1] in ("lora64", "adapter64")]
)
def test_lora_and_adapters_start_as_the_identity(name: str, recipe: str) -> None:
    spec = STRUCTURES[name]
    plain, adapted = make(spec).video.eval(), make(spec, RECIPES[recipe]).video.eval()
    torch.testing.assert_close(adapted(some_clips(spec)), plain(some_clips(spec)))


@pytest.mark.parametrize("name", STRUCTURES)
def test_merged_lora_equals_unmerged_and_leaves_the_plain_encoder(name: str) -> None:
    spec = STRUCTURES[name]
    encoder = make(spec, Recipe(train="lora", lora_rank=4, lora_alpha=6.0)).eval()
    shake(encoder)
    before = encoder.video(some_clips(spec))
    frozen = {name for name, weight in encoder.named_parameters() if not weight.requires_grad}
    merge_lora(encoder)
    torch.testing.assert_close(encoder.video(some_clips(spec)), before, atol=1e-4, rtol=1e-4)
    assert encoder.state_dict().keys() == make(spec).state_dict().keys()
    assert frozen == {
        name for name, weight in encoder.named_parameters() if not weight.requires_grad
    }
    assert not any(module.training for module in encoder.modules())


def test_merging_keeps_the_precision() -> None:
    encoder = make(STRUCTURES["joint_test"], RECIPES["lora8"]).double()
    merge_lora(encoder)
    assert {weight.dtype for weight in encoder.parameters()} == {torch.float64}


@pytest.mark.parametrize("name", STRUCTURES)
def test_fused_attention_equals_math(name: str) -> None:
    spec = STRUCTURES[name]
    clips = some_clips(spec)
    fused = tower(spec, runtime=Runtime(attention="flash"))
    plain = tower(spec, runtime=Runtime(attention="math"))
    torch.testing.assert_close(fused(clips), plain(clips), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(fused(clips), fused(clips), atol=0, rtol=0)


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_attention_of_the_video_tower_takes_the_kernel_that_is_asked_for(name: str) -> None:
    spec = STRUCTURES[name]
    seen = {}
    for kernel in ("flash", "math"):
        video = tower(spec, runtime=Runtime(attention=kernel))
        with StorageTracker() as tracker:
            video(some_clips(spec))
        seen[kernel] = tracker.attention
    assert seen["flash"] == {"_scaled_dot_product_flash_attention_for_cpu"}
    assert not any("flash" in kernel for kernel in seen["math"])


@pytest.mark.parametrize("name", STRUCTURES)
def test_checkpointing_changes_neither_features_nor_gradients(name: str) -> None:
    spec = STRUCTURES[name]
    results = []
    for checkpoint in (False, True):
        encoder = make(spec, RECIPES["mask50"], runtime=Runtime(checkpoint=checkpoint))
        shake(encoder)
        torch.manual_seed(5)
        video, text = encoder(some_clips(spec), *some_captions())
        (video * text).sum().backward()
        grads = {n: w.grad for n, w in encoder.named_parameters() if w.requires_grad}
        results.append((video, {n: g for n, g in grads.items() if g is not None}))
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("name", STRUCTURES)
def test_token_counts_equal_the_closed_form(name: str) -> None:
    video = tower(STRUCTURES[name])
    spec, load = video.spec, load_for(video.spec)
    x_BTPD = video.tokens(some_clips(spec), None)
    assert x_BTPD.shape[1] * x_BTPD.shape[2] == spec.tokens(load)


MASKS = [
    (name, kind)
    for name, spec in STRUCTURES.items()
    for kind in ("random", "tube", "frame")
    if kind in spec.masks
]


@pytest.mark.parametrize(("name", "kind"), MASKS)
def test_a_masked_forward_equals_a_forward_on_hand_picked_tokens(name: str, kind: str) -> None:
    spec = STRUCTURES[name]
    recipe = Recipe(mask=0.5, mask_kind=kind)
    video = tower(spec, recipe)
    clips, kept = some_clips(spec), video.draw(2, torch.device("cpu"))
    count = kept_tokens(spec, recipe, load_for(spec))
    assert kept.shape == (2, count.frames, count.places)
    whole = video.tokens(clips, None).flatten(1, 2)
    picked = torch.stack([whole[b, kept[b].flatten()].view(*kept.shape[1:], -1) for b in range(2)])
    torch.testing.assert_close(video(clips, kept), video.features(picked, kept))
    video.train().draw = lambda *_: kept  # type: ignore[method-assign]
    torch.testing.assert_close(video(clips), video.features(picked, kept))


@pytest.mark.parametrize(("name", "kind"), MASKS)
def test_masks_keep_each_token_once_and_mean_what_they_say(name: str, kind: str) -> None:
    video = make(STRUCTURES[name], Recipe(mask=0.5, mask_kind=kind)).video
    kept = video.draw(64, torch.device("cpu"))
    flat = kept.flatten(1)
    assert all(len(set(row.tolist())) == flat.shape[1] for row in flat)
    assert len({tuple(row.tolist()) for row in flat}) > 1  # drawn per clip
    tokens = video.spec.tokens(load_for(video.spec))
    assert set(flat.flatten().tolist()) == set(range(tokens))  # nothing is out of reach
    if kind == "tube":
        places = kept % video.grid.places
        assert bool((places == places[:, :1]).all())
    if kind == "frame":
        frames = kept // video.grid.places
        assert bool((frames == frames[:, :, :1]).all())


def test_a_random_mask_keeps_equally_many_tokens_of_every_frame_where_frames_are_apart() -> None:
    video = make(STRUCTURES["frame_mean_test"], RECIPES["mask75"]).video
    assert video.kept == Kept(16, 4)
    frames = video.draw(3, torch.device("cpu")) // video.grid.places
    assert bool((frames == torch.arange(16)[:, None]).all())


def test_padding_does_not_change_a_captions_feature() -> None:
    text = make(STRUCTURES["joint_test"]).text.eval()
    shake(text)
    ids, mask = some_captions(4)
    together = text(ids, mask)
    for row, length in enumerate(mask.sum(1).tolist()):
        alone = text(ids[row : row + 1, :length], mask[row : row + 1, :length])
        torch.testing.assert_close(alone, together[row : row + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", STRUCTURES)
def test_autocast_keeps_the_residual_stream_in_float32(name: str, dtype: torch.dtype) -> None:
    video = tower(STRUCTURES[name])
    seen: list[torch.dtype] = []
    video.blocks[-1].register_forward_hook(lambda *args: seen.append(args[2].dtype))
    exact = video(some_clips(video.spec))
    with torch.autocast("cpu", dtype=dtype):
        close = video(some_clips(video.spec))
    assert seen == [torch.float32] * 2
    torch.testing.assert_close(close.float(), exact, atol=0.1, rtol=0.1)
