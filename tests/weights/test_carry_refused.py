"""Weights that do not fit are refused in one sentence, before anything is changed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.encoders.structures import STRUCTURES, make
from tests.weights.carried import CLIPS, JOINT, kept, shaken
from vbench_mem.base.errors import UsageError
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.weights.initialise import carry


def test_unused_tensors_are_an_error_until_allowed(tmp_path: Path) -> None:
    for spec, recipe, other, told, allow in (
        (JOINT, "adapter64", JOINT, "unused video.blocks.0.mlp.adapter", "unused:*.adapter.*"),
        (STRUCTURES["factorized_test"], "full", JOINT, "unused video.blocks.0.gate", "unused:*"),
        (STRUCTURES["frame_attpool_test"], "full", STRUCTURES["frame_mean_test"],
         "unused video.pool.", "unused:video.pool.*"),
        (STRUCTURES["factorized_encoder_test"], "full",
         replace(STRUCTURES["factorized_encoder_test"], temporal_depth=5),
         "new video.time_blocks.4", "new:video.time_blocks.4.*"),
    ):  # fmt: skip
        checkpoint = kept(shaken(spec, RECIPES[recipe]), tmp_path, CLIPS)
        encoder = make(other)
        before = {name: each.clone() for name, each in encoder.state_dict().items()}
        with pytest.raises(UsageError, match=told) as caught:
            carry(checkpoint, encoder)
        assert "allow: [" in str(caught.value) and "\n" not in str(caught.value)
        assert all(torch.equal(each, before[key]) for key, each in encoder.state_dict().items())
        report = carry(checkpoint, encoder, allow=(allow,))
        assert not report.surprising
        # what the sentence proposes is enough
        proposed = str(caught.value).rpartition("allow: [")[2].rstrip("]").split(", ")
        carry(checkpoint, make(other), allow=tuple(proposed))


def test_specs_that_disagree_are_refused_with_every_axis(tmp_path: Path) -> None:
    checkpoint = kept(shaken(JOINT), tmp_path, CLIPS)
    other = replace(
        STRUCTURES["factorized_test"], patch_px=32, activation="quick_gelu", norm_eps=1e-5
    )
    with pytest.raises(UsageError) as caught:
        carry(checkpoint, make(other))
    assert str(caught.value) == (
        f"{checkpoint.path} does not fit the factorized encoder: patch_px is 16 there and 32 here, "
        "activation is gelu there and quick_gelu here, norm_eps is 1.0e-06 there and 1.0e-05 here; "
        "write patch_px: 16, activation: gelu, norm_eps: 1.0e-06"
    )
    with pytest.raises(UsageError, match=r"write text\.tower\.depth: 2"):
        tower = replace(JOINT.text.tower, depth=3)
        carry(checkpoint, make(replace(JOINT, text=replace(JOINT.text, tower=tower))))
    with pytest.raises(UsageError, match="write tubelet_frames: 2"):
        carry(checkpoint, make(replace(JOINT, tubelet_frames=4)))
    with pytest.raises(UsageError, match="2 frames long and frame_level encoders look at"):
        carry(checkpoint, make(STRUCTURES["frame_mean_test"]))


def test_a_pattern_that_cannot_match_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'video\.pool\.\*' is not a pattern"):
        carry(kept(shaken(JOINT), tmp_path, CLIPS), make(JOINT), allow=("video.pool.*",))


def test_a_table_is_not_dropped_for_fixed_sines_unless_it_is_allowed(tmp_path: Path) -> None:
    checkpoint, sines = kept(shaken(JOINT), tmp_path, CLIPS), replace(JOINT, positions="sinusoidal")
    with pytest.raises(UsageError, match="fixed sines are here; positions: learned takes it"):
        carry(checkpoint, make(sines))
    carry(checkpoint, make(sines), allow=("unused:video.positions",))
    other = kept(shaken(sines), tmp_path, CLIPS)
    with pytest.raises(UsageError, match="write positions: sinusoidal"):
        carry(other, make(JOINT))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    old = shaken(JOINT)
    with torch.no_grad():
        old.video.head.weight[0, 0] = torch.nan
    with pytest.raises(UsageError, match=r"video\.head\.weight holds what is no finite number"):
        carry(kept(old, tmp_path, CLIPS), make(JOINT))
