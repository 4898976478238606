"""A stage learns, trains its trainable weights, and stops where its numbers are not finite."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.accuracy.training.made import MASKED, RUNTIME, benchmark, stage
from vbench_mem.accuracy.training.feed import PairFeed
from vbench_mem.accuracy.training.snapshot import Snapshots
from vbench_mem.accuracy.training.stage import Diverged, StageRun
from vbench_mem.accuracy.training.step import Stepper
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.recipes import Recipe

LAYOUTS = (
    "joint_test",
    "factorized_test",
    "factorized_encoder_test",
    "factorized_self_attention_test",
    "frame_attpool_test",
)
CLIPS_ONLY = ("video.embed.", ".time_", ".gate")
MakeStepper = Callable[..., Stepper]
MakeFeed = Callable[..., PairFeed]


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "one.snapshot", "mine", every_s=3600)


@pytest.mark.parametrize("objective", ["info_nce", "sigmoid"])
def test_a_stage_learns_its_pairs_and_keeps_its_curve(
    make_stepper: MakeStepper, make_feed: MakeFeed, snapshots: Snapshots, objective: str
) -> None:
    made = stage(steps=40, batch=10, warmup=5, objective=objective, weight_decay=0.0)
    told: list[str] = []
    stepper, feed = make_stepper(made), make_feed(made, [benchmark(10)])
    result = StageRun(made, stepper, feed, snapshots, told.append).run()
    assert len(result.curve.losses) == len(result.curve.gradient_norms) == 40
    assert result.curve.losses[-1] < 0.5 * result.curve.losses[0]
    assert (result.steps, result.clips_seen, result.repeated) == (40, 400, 0)
    assert result.seconds > 0 and result.resumed == ()
    assert told[0] == "stage clips, step 1 of 40"


@pytest.mark.parametrize("encoder", LAYOUTS)
@pytest.mark.parametrize("fed", ["clips", "images", "mixed"])
def test_trainable_weights_have_gradients_and_change_and_others_do_not(
    make_stepper: MakeStepper,
    make_feed: MakeFeed,
    make_encoder: Callable[..., DualEncoder],
    encoder: str,
    fed: str,
) -> None:
    fields = {"images": {"frames": 1, "drawn_from": 4}, "mixed": {"images": 0.5}}.get(fed, {})
    made = stage(warmup=0, **fields)
    stepper, feed = make_stepper(made, make_encoder(encoder)), make_feed(made)
    before = {name: w.detach().clone() for name, w in stepper.encoder.named_parameters()}
    for step in range(2):  # a gate opens before what is behind it moves
        stepper.step(feed.batch(step), step)
    trained = {name for name, w in stepper.encoder.named_parameters() if w.requires_grad}
    changed = {
        name
        for name, weight in stepper.encoder.named_parameters()
        if not torch.equal(weight, before[name])
    }
    assert changed == trained
    for_images = {name for name in before if name.startswith("video.image_embed.")}
    for_clips = {name for name in before if any(part in name for part in CLIPS_ONLY)}
    left_out = {"clips": for_images, "images": for_clips, "mixed": set[str]()}[fed]
    assert trained == before.keys() - left_out


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(train="adapter", adapter_width=4),
        Recipe(train="lora", lora_rank=2),
        Recipe(train="last_k", blocks=1),
    ],
)
def test_a_recipe_freezes_its_weights_for_every_kind_of_input(
    make_stepper: MakeStepper, recipe: Recipe
) -> None:
    on_images, on_both = (
        {name for name, w in make_stepper(made).encoder.named_parameters() if w.requires_grad}
        for made in (
            stage(frames=1, drawn_from=4, recipe=recipe),
            stage(images=0.5, recipe=recipe),
        )
    )
    embeds = {"video.embed.weight", "video.embed.bias"}
    images = {"video.image_embed.weight", "video.image_embed.bias"}
    if recipe.train == "last_k":
        embeds, images = set(), set()
    assert on_both - on_images == embeds
    assert images <= on_images
    assert "video.blocks.0.attn.qkv.weight" not in on_both
    assert "video.head.weight" in on_images


def test_a_mixed_step_is_one_step_on_the_weighted_sum(
    make_stepper: MakeStepper, make_feed: MakeFeed
) -> None:
    made = stage(images=0.25, recipe=MASKED)
    fed = make_feed(made).batch(0)
    assert fed.clips is not None and fed.images is not None
    stepper, plain = make_stepper(made), make_stepper(made)
    torch.manual_seed(3)
    loss = stepper.gradients(fed)
    torch.manual_seed(3)
    of_images = plain.loss_of(*plain.embed(fed.images, images=True))
    of_clips = plain.loss_of(*plain.embed(fed.clips, images=False))
    total = 0.25 * of_images + 0.75 * of_clips
    total.backward()
    assert loss.item() == pytest.approx(total.item(), rel=1e-6)
    for one, other in zip(stepper.weights, plain.weights, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-7)


def test_the_norm_is_that_of_all_gradients_whatever_scales_the_loss(
    make_stepper: MakeStepper, make_feed: MakeFeed
) -> None:
    made = stage()
    fed = make_feed(made).batch(0)
    stepper = make_stepper(made)
    stepper.gradients(fed)
    whole = torch.cat([weight.grad.flatten() for weight in stepper.weights]).norm().item()
    _, norm = make_stepper(made).step(fed, 0)
    assert norm.item() == pytest.approx(whole, rel=1e-5)
    halved = make_stepper(made, runtime=replace(RUNTIME, dtype="float16"))
    halved.scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
    _, scaled = halved.step(fed, 0)
    assert scaled.item() == pytest.approx(whole, rel=0.05)


def test_a_loss_that_is_no_number_ends_the_stage_and_names_the_step(
    make_stepper: MakeStepper, make_feed: MakeFeed, snapshots: Snapshots
) -> None:
    made = stage(learning_rate=1e30, weight_decay=1.0)
    with pytest.raises(Diverged, match=r"stage clips: the \w+ of step [23] of 6 is not"):
        StageRun(made, make_stepper(made), make_feed(made), snapshots).run()


def test_updates_that_a_loss_scaler_skips_are_counted(
    make_stepper: MakeStepper, make_feed: MakeFeed, snapshots: Snapshots
) -> None:
    made = stage()
    stepper = make_stepper(made, runtime=replace(RUNTIME, dtype="float16"))
    stepper.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    result = StageRun(made, stepper, make_feed(made), snapshots).run()
    assert result.skipped > 0
    assert result.curve.gradient_norms.count(None) == result.skipped
    assert all(math.isfinite(loss) for loss in result.curve.losses)


def test_the_temperature_stays_within_bounds(
    make_stepper: MakeStepper, make_feed: MakeFeed
) -> None:
    made = stage(learning_rate=10.0)
    stepper, feed = make_stepper(made), make_feed(made)
    for step in range(3):
        stepper.step(feed.batch(step), step)
        assert 0 <= stepper.encoder.logit_scale.item() <= math.log(100) + 1e-6
