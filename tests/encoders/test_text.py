"""The caption tower as published models have it, and as it was before it could be."""

from dataclasses import replace

import pytest
import torch

from tests.encoders.structures import load_for, shake, shrink
from tests.weights.pairs import CLIP, OURS, SIGLIP
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families.frame_level import FrameLevel
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.recipes import RECIPES, Recipe
from vbench_mem.encoders.table import ENCODERS
from vbench_mem.encoders.text import TextTower
from vbench_mem.encoders.text_spec import Text
from vbench_mem.encoders.variants import check_variant

IDS = torch.tensor([[3, 7, 9, 4, 11, 5]])
MASK = torch.tensor([[True, True, True, True, False, False]])


def tower(text: Text) -> TextTower:
    torch.manual_seed(0)
    made = TextTower(text, 24).eval()
    shake(made)
    return made


def feature(made: TextTower, ids: torch.Tensor, mask: torch.Tensor = MASK) -> torch.Tensor:
    with torch.no_grad():
        return made(ids, mask)[0]


@pytest.mark.parametrize("how", ["mean", "end"])
@pytest.mark.parametrize("causal", [True, False])
def test_padding_changes_a_feature_only_where_the_last_place_is_it(how: str, causal: bool) -> None:
    made = tower(replace(CLIP.text, feature=how, causal=causal))
    padded = IDS.clone()
    padded[0, 4:] = 8
    short = feature(made, IDS[:, :4], MASK[:, :4])
    torch.testing.assert_close(feature(made, IDS), feature(made, padded))
    torch.testing.assert_close(feature(made, IDS), short)
    last = tower(SIGLIP.text)
    assert not torch.allclose(feature(last, IDS), feature(last, padded))
    torch.testing.assert_close(feature(last, IDS), feature(last, IDS, torch.ones_like(MASK)))


def test_the_end_sees_all_tokens_and_those_before_it_only_what_is_before_them() -> None:
    for how, seen in (("mean", 3), ("end", 3)):
        made = tower(replace(CLIP.text, feature=how))
        for place in range(seen + 1):
            other = IDS.clone()
            other[0, place] = 20
            assert not torch.allclose(feature(made, IDS), feature(made, other)), place
    made = tower(CLIP.text)
    hidden: list[torch.Tensor] = []
    made.blocks[-1].register_forward_hook(lambda *args: hidden.append(args[-1][0]))
    changed = IDS.clone()
    changed[0, 2] = 20
    for ids in (IDS, changed):
        feature(made, ids)
    torch.testing.assert_close(hidden[0][:2], hidden[1][:2])
    assert not torch.allclose(hidden[0][2:4], hidden[1][2:4])


def test_the_last_place_needs_captions_of_full_length() -> None:
    load = replace(load_for(SIGLIP), caption_tokens=8)
    with pytest.raises(UsageError, match="is the token at place 20; write caption_tokens: 20"):
        check_variant(SIGLIP, Recipe(), load)
    check_variant(SIGLIP, Recipe(), replace(load, caption_tokens=20))


def test_clips_rows_are_the_published_models_but_for_kernels_and_one_position() -> None:
    for name, published, patch in (
        ("clip_b32", 151_277_313, 32),
        ("clip_b16", 149_620_737, 16),
    ):
        assert ENCODERS[name].params == published + 768 * 3 * patch**2 - 768


def made_for(spec: FrameLevel | Joint, recipe: str) -> DualEncoder:
    load = replace(load_for(spec, frames=4), caption_tokens=spec.text.max_tokens)
    return build(spec, RECIPES[recipe], load)


@pytest.mark.parametrize("recipe", ["full", "adapter64", "lora8", "last4"])
def test_a_head_of_attention_and_a_feed_forward_always_trains_and_gets_no_adapter(
    recipe: str,
) -> None:
    spec = replace(SIGLIP, tower=shrink(SIGLIP).tower)  # of four layers
    video = made_for(spec, recipe).video
    assert video.pool is not None
    names = {name for name, weight in video.pool.named_parameters() if weight.requires_grad}
    assert names == {name for name, _ in video.pool.named_parameters()}
    assert {"query", "q.weight", "kv.weight", "norm.weight", "mlp.fc1.weight"} <= names
    assert not any("lora" in name or "adapter" in name for name in names)


def test_frames_are_pooled_one_by_one_in_a_frame_level_encoder_and_together_in_a_joint_one() -> (
    None
):
    torch.manual_seed(0)
    clips = torch.randn(2, 4, 3, 64, 64)
    frames = made_for(SIGLIP, "full").eval()
    shake(frames)
    with torch.no_grad():
        each = frames.video(clips[:, :, None].flatten(0, 1)[:, :1]).unflatten(0, (2, 4))
        torch.testing.assert_close(frames.video(clips), each.mean(1), atol=1e-5, rtol=1e-4)
        together = made_for(Joint(text=SIGLIP.text, pooling="map", embed_dim=48, **OURS), "full")
        assert together.eval().video(clips).shape == (2, 48)
