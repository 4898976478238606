"""Batches: the same for the same seed, complete, normalised; and the generated clips."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from vbench_mem.base.load import Load
from vbench_mem.data import generate
from vbench_mem.data.clips import MEAN, STD, ClipSource, to_clips
from vbench_mem.data.generate import generated
from vbench_mem.data.sample import sample
from vbench_mem.data.scenes import scenes


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("VBENCH_MEM_CACHE", str(folder))
        yield folder


def load(batch: int, frames: int = 16) -> Load:
    return Load(frames=frames, batch=batch, resolution_px=32, input="clips", clips="generated")


def test_the_same_seed_and_step_give_the_same_batch_and_others_do_not() -> None:
    one, two, other = ClipSource(load(4), 0), ClipSource(load(4), 0), ClipSource(load(4), 1)
    assert torch.equal(one.batch(1).frames, two.batch(1).frames)
    assert one.batch(1).captions == two.batch(1).captions != one.batch(0).captions
    assert other.batch(0).captions != one.batch(0).captions


def test_an_epoch_sees_every_clip_once() -> None:
    source = ClipSource(load(4, frames=1), 0)
    captions = [caption for step in range(4) for caption in source.batch(step).captions]
    assert sorted(captions) == sorted(pair.caption for pair in source.pairs)


def test_a_batch_larger_than_the_data_counts_repeated_clips() -> None:
    assert ClipSource(load(20, frames=1), 0).batch(0).repeated == 4
    assert ClipSource(load(16, frames=1), 0).batch(0).repeated == 0


def test_padded_counts_the_clips_that_are_too_short() -> None:
    short = sum(scene.seconds < 16 for scene in scenes())
    assert short > 0
    assert ClipSource(load(16), 0).batch(0).padded == short


def test_pixels_are_normalised_per_colour_and_moved_channels_first() -> None:
    frames = torch.randint(0, 256, (2, 3, 8, 8, 3), dtype=torch.uint8)
    clips = to_clips(frames)
    assert clips.shape == (2, 3, 3, 8, 8) and clips.dtype == torch.float32
    assert clips.is_contiguous()
    for channel in range(3):
        slow = (frames[..., channel].double().numpy() / 255 - MEAN[channel]) / STD[channel]
        np.testing.assert_allclose(clips[:, :, channel].numpy(), slow, atol=1e-5)


def test_clips_are_made_once_and_never_left_incomplete(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = generated()
    made = file.stat().st_mtime_ns
    assert generated() == file and file.stat().st_mtime_ns == made
    assert [path.name for path in cache.iterdir()] == [file.parent.name]
    assert sum(path.stat().st_size for path in file.parent.iterdir()) < 2 * 2**20

    monkeypatch.setenv("VBENCH_MEM_CACHE", str(cache / "other"))
    monkeypatch.setattr(generate, "write_all", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        generated()
    assert not [path for path in (cache / "other").iterdir() if path.name.startswith("generated")]


def test_generated_clips_show_what_their_captions_say() -> None:
    source = ClipSource(load(1), 0)
    by_caption = {pair.caption: pair.path for pair in source.pairs}
    frames = sample(by_caption["a red disc moves left to right"], 12, 1.0, 64).frames.astype(int)
    red = (frames[..., 0] > 150) & (frames[..., 1] < 110)
    centres = [np.nonzero(frame)[1].mean() for frame in red]
    assert all(later > earlier for earlier, later in itertools.pairwise(centres))
    assert len(by_caption) == 16
