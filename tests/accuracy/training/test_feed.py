"""Batches by seed, stage and step, with any cache, look-ahead and broken clips."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.accuracy.training.made import (
    FRAMES,
    TEXT,
    benchmark,
    in_memory,
    pixels,
    stage,
    written_benchmark,
)
from vbench_mem.accuracy.training.clip_cache import ClipCache, Frames, decoder
from vbench_mem.accuracy.training.feed import PairFeed, StepBatches
from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load
from vbench_mem.data.benchmark import Benchmark, Caption, Clip
from vbench_mem.data.video import BadVideo

MakeFeed = Callable[..., PairFeed]


def same(one: StepBatches, other: StepBatches) -> bool:
    return len(one.parts) == len(other.parts) and all(
        torch.equal(a.frames, b.frames) and torch.equal(a.ids_BL, b.ids_BL)
        for a, b in zip(one.parts, other.parts, strict=True)
    )


def numbers_of(frames: Tensor) -> list[int]:
    """Which of the made clips each row is."""
    known = {pixels(number, FRAMES)[0].tobytes(): number for number in range(40)}
    return [known[clip[0].numpy().tobytes()] for clip in frames]


@pytest.mark.parametrize("images", [0.0, 0.5])
def test_a_batch_is_independent_of_cache_and_look_ahead(make_feed: MakeFeed, images: float) -> None:
    made = stage(images=images, steps=9)
    plain = make_feed(made, keep_bytes=0, look_ahead=False)
    expected = {step: plain.batch(step) for step in reversed(range(9))}
    for options in (
        {"keep_bytes": 0, "threads": 3},
        {"keep_bytes": 3 * pixels(0, FRAMES).nbytes},
        {"look_ahead": False, "threads": 2},
    ):
        for step, fed in enumerate(make_feed(made, **options).batches(4, 9), start=4):
            assert same(fed, expected[step])


def test_each_pair_has_its_own_clip_and_caption(make_feed: MakeFeed) -> None:
    feed = make_feed(stage())
    fed = feed.batch(0)
    assert fed.images is None and fed.clips is not None
    assert fed.clips.frames.shape == (8, FRAMES, 16, 16, 3)
    assert fed.clips.frames.dtype is torch.uint8
    for row, number in enumerate(numbers_of(fed.clips.frames)):
        assert torch.equal(fed.clips.ids_BL[row], feed.pool.ids_NL[number])
        assert np.array_equal(fed.clips.frames[row].numpy(), pixels(number, FRAMES))


def test_all_sources_give_equally_many_pairs_and_go_round_at_their_own_pace(
    make_feed: MakeFeed,
) -> None:
    feed = make_feed(stage(batch=9), [benchmark(12, name="a"), benchmark(30, name="b")])
    seen: list[list[int]] = [[], []]
    for step in range(6):
        by_source = [feed.pool.source_of(int(pair)) for pair in feed.pairs_of("clips", step)]
        assert (by_source.count(0), by_source.count(1)) == (5, 4)
        for pair, source in zip(feed.pairs_of("clips", step), by_source, strict=True):
            seen[source].append(int(pair))
    assert len(set(seen[1])) == 24  # none twice before all had their turn
    assert len(set(seen[0][:10])) == len(set(seen[0][10:20])) == 10


def test_an_image_is_one_frame_of_its_clip_and_another_one_later(make_feed: MakeFeed) -> None:
    made = stage(name="images", frames=1, drawn_from=4, steps=100, batch=20)
    feed, drawn = make_feed(made), set()
    for step in range(10):
        fed = feed.batch(step)
        assert fed.clips is None and fed.images is not None
        assert fed.images.frames.shape == (20, 1, 16, 16, 3)
        for row, pair in enumerate(feed.pairs_of("images", step)):
            image = fed.images.frames[row, 0].numpy()
            (frame,) = np.flatnonzero((pixels(int(pair), 4) == image).all((1, 2, 3)))
            drawn.add((int(pair), int(frame)))
    assert {frame for _, frame in drawn} == {0, 1, 2, 3}
    assert len(drawn) > 60  # of 80


def test_a_mixed_batch_has_separate_images_and_clips(make_feed: MakeFeed) -> None:
    feed = make_feed(stage(images=0.25))
    fed = feed.batch(0)
    assert fed.clips is not None and fed.images is not None
    assert feed.pairs_of("clips", 0).tolist() != feed.pairs_of("images", 0).tolist()


def test_a_short_clip_repeats_its_last_frame_and_its_images_are_real_ones(
    make_feed: MakeFeed,
) -> None:
    short = benchmark(8, name="short")
    (clips,) = make_feed(stage(), [short]).batch(0).parts
    assert (clips.frames[:, 1:] == clips.frames[:, 1:2]).all()
    images = stage(name="images", frames=1, drawn_from=16)
    for step in range(20):
        (part,) = make_feed(images, [short]).batch(step).parts
        assert len(part.frames) == 8  # the one of frames 0 and 1


def test_a_caption_that_stands_twice_in_a_batch_is_counted(make_feed: MakeFeed) -> None:
    few = benchmark(captions=[f"caption {number % 3}" for number in range(16)])
    (part,) = make_feed(stage(), [few]).batch(0).parts
    assert part.repeated == 5


def test_captions_that_lose_their_tail_are_counted(make_feed: MakeFeed) -> None:
    long = benchmark(captions=["one two", "one two three four five six seven", *"abcdefgh"])
    assert make_feed(stage(), [long]).pool.truncated == 1


def broken_at(*numbers: int) -> Callable[[Clip, int], Frames]:
    def decode(clip: Clip, frames: int) -> Frames:
        if int(clip.id) in numbers:
            raise BadVideo(clip.path, "breaks off")
        return in_memory(clip, frames)

    return decode


def test_a_broken_clip_is_an_error_that_names_it(make_feed: MakeFeed) -> None:
    feed = make_feed(stage(batch=20), decode=broken_at(3))
    with pytest.raises(UsageError, match="made/3: breaks off"):
        feed.batch(0)


def test_an_allowed_broken_clip_is_named_and_replaced_by_its_successor(make_feed: MakeFeed) -> None:
    whole = make_feed(stage(batch=20)).batch(0).parts[0]
    feed = make_feed(stage(batch=20), decode=broken_at(3, 4, 19), allow_broken=[True])
    part = feed.batch(0).parts[0]
    expected = [{3: 5, 4: 5, 19: 0}.get(number, number) for number in numbers_of(whole.frames)]
    assert numbers_of(part.frames) == expected
    assert part.repeated == 3
    assert {(each.id, each.reason) for each in feed.broken.values()} == {
        (str(number), "breaks off") for number in (3, 4, 19)
    }


def test_a_source_that_is_all_broken_is_an_error(make_feed: MakeFeed) -> None:
    feed = make_feed(stage(), decode=broken_at(*range(20)), allow_broken=[True])
    with pytest.raises(UsageError, match="no clip of a source can be decoded"):
        feed.batch(0)


def test_a_batch_without_a_pair_for_each_source_is_refused(make_feed: MakeFeed) -> None:
    with pytest.raises(UsageError, match="batch 2 has no pair for each of 3 sources"):
        make_feed(stage(batch=2), [benchmark(name=name) for name in "abc"])


def test_a_source_without_pairs_is_refused(make_feed: MakeFeed) -> None:
    empty = replace(benchmark(), captions=())
    with pytest.raises(UsageError, match=r"made \(train\) has no pair"):
        make_feed(stage(), [empty])


def test_a_clip_is_decoded_once_while_the_cache_has_room_and_memory_is_bounded() -> None:
    calls: list[int] = []

    def decode(number: int) -> Frames:
        calls.append(number)
        return pixels(number, 1)

    size = pixels(0, 1).nbytes
    decoded = ClipCache(decode, keep_bytes=2 * size, threads=1)
    for _ in range(3):
        for number in range(3):
            assert np.array_equal(decoded.take(number), pixels(number, 1))
    decoded.close()
    assert decoded.kept_bytes == 2 * size
    assert [calls.count(number) for number in range(3)] == [1, 1, 3]


def test_clips_of_real_files_are_decoded_as_they_were_drawn(
    tmp_path: Path, make_feed: MakeFeed
) -> None:
    made: Benchmark = written_benchmark(tmp_path, 2)
    load = Load(frames=6, batch=2, resolution_px=16)
    frames = decoder(load, "first")(made.clips[1], 6)
    assert frames.shape == (FRAMES, 16, 16, 3)  # fewer: the file has no more
    part = replace(made.clips[1], start_s=1.0, end_s=3.0)
    assert np.array_equal(decoder(load, "first")(part, 6), frames[1:3])
    captions = (Caption(text="a", clips=(0,)), Caption(text="b", clips=(1,)))
    feed = make_feed(
        stage(batch=2), [replace(made, captions=captions)], decode=decoder(load, "first")
    )
    assert feed.batch(0).parts[0].frames.shape == (2, FRAMES, 16, 16, 3)


def test_captions_are_as_long_as_the_longest_unless_padding_is_seen(make_feed: MakeFeed) -> None:
    text = make_feed(stage()).pool
    assert text.ids_NL.shape == (20, 4)  # start, two words, end
    assert text.mask_NL.any(0).all()
    seen = replace(TEXT, feature="last")
    assert make_feed(stage(), words=seen).pool.ids_NL.shape == (20, 8)
