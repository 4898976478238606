"""Permuted frames: another order for each clip, never the original, for every batch size."""

from collections import Counter

import pytest
import torch

from vbench_mem.accuracy.retrieval.permute import other_order, permute_frames


def numbered(clips: int, frames: int) -> torch.Tensor:
    """Every frame encodes its clip and its place."""
    return torch.arange(clips * frames).view(clips, frames, 1, 1, 1).expand(-1, -1, 3, 4, 4).clone()


@pytest.mark.parametrize("frames", [2, 3, 16])
def test_every_clip_has_all_its_frames_in_another_order(frames: int) -> None:
    clips = numbered(12, frames)
    permuted = permute_frames(clips, seed=0)
    assert permuted.shape == clips.shape
    assert permuted.sort(dim=1).values.equal(clips)
    assert not (permuted == clips).flatten(1).all(1).any()


def test_a_clip_of_one_frame_is_returned_unchanged() -> None:
    clips = numbered(3, 1)
    assert permute_frames(clips, seed=0).equal(clips)


def test_clips_are_permuted_each_on_its_own_and_alike_in_batches_of_every_size() -> None:
    clips = numbered(10, 8)
    whole = permute_frames(clips, seed=5)
    parts = [permute_frames(clips[at : at + 3], seed=5, first=at) for at in range(0, 10, 3)]
    assert torch.cat(parts).equal(whole)
    assert len({tuple(order) for order in (whole[:, :, 0, 0, 0] % 8).tolist()}) > 8
    assert not permute_frames(clips, seed=6).equal(whole)


def test_all_orders_but_the_sorted_one_are_equally_likely() -> None:
    drawn = Counter(tuple(other_order(3, f"0:{number}")) for number in range(1000))
    assert set(drawn) == {(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)}
    assert all(150 < often < 250 for often in drawn.values())  # 200 expected, 4 sigma
