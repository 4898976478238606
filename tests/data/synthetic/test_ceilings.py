"""Ceilings equal a search over every decision and those of the decoded files, and hold."""

import itertools
from collections.abc import Hashable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.data.synthetic.oracle import layout_of, story_of
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.data.synthetic.ceilings import T2V, V2T, bounds, ceilings
from vbench_mem.data.synthetic.pictures import COLOURS
from vbench_mem.data.synthetic.tasks import clips_by_split, right_answers

Decoded = dict[str, list[NDArray[np.uint8]]]


def searched(looks: Sequence[Hashable], right: Sequence[Sequence[int]]) -> dict[str, list[float]]:
    """The best over every order in which each caption could rank the looks, and each look the
    captions: by counting clips, with no thought of shares."""
    kinds = list(dict.fromkeys(looks))
    hits, chances = [], []
    for clips in right:
        scored = []
        for order in itertools.permutations(range(len(kinds))):
            rank = {look: place for look, place in zip(kinds, order, strict=True)}
            score = [-rank[look] for look in looks]
            best = max(score)
            first = [clip for clip, value in enumerate(score) if value == best]
            good = sum(clip in clips for clip in first)
            scored.append((good == len(first), good / len(first)))
        hits.append(max(hit for hit, _ in scored))
        chances.append(max(chance for _, chance in scored))
    answered = [
        max(sum(clip in clips for clip, own in enumerate(looks) if own == look) for clips in right)
        for look in kinds
    ]
    t2v = [sum(hits) / len(right), sum(chances) / len(right)]
    return {T2V: t2v, V2T: [sum(answered) / len(looks)] * 2}


@pytest.mark.parametrize(
    ("looks", "right"),
    [
        ("aabb", [[0], [1], [2], [3]]),
        ("aaab", [[0], [1], [2], [3]]),
        ("abcd", [[0], [1], [2], [3]]),
        ("aabbc", [[0, 1], [1, 2], [4], [2, 3, 4]]),
        ("aaaa", [[0, 1, 2], [3]]),
    ],
)
def test_bounds_are_those_of_a_search_over_all_decisions(
    looks: str, right: list[list[int]]
) -> None:
    found, slow = bounds(looks, right), searched(looks, right)
    for metric in (T2V, V2T):
        assert found[metric] == pytest.approx(slow[metric])


def test_bounds_of_a_temporal_set_equal_an_exhaustive_search() -> None:
    clips = clips_by_split("temporal", "tiny")["held-out"]
    sets = sorted({clip.combination for clip in clips}, key=str)[:3]
    clips = [clip for clip in clips if clip.combination in sets]
    looks = [tuple(sorted(map(repr, clip.pictures()))) for clip in clips]
    right = list(right_answers(clip.caption for clip in clips).values())
    assert bounds(looks, right)[T2V] == pytest.approx(searched(looks, right)[T2V])
    assert bounds(looks, right)[T2V] == (0, pytest.approx(3 / len(clips)))


def value(task: str, kind: str, frames: int | None = None) -> tuple[float, float]:
    found = {
        ceiling.kind: (ceiling.value, ceiling.random_ties_value)
        for ceiling in ceilings(task, "tiny", "held-out", frames)
        if ceiling.metric == T2V
    }
    return found[kind]


def test_ceilings_of_the_drawings_are_those_of_the_decoded_files(
    decoded: Decoded, held_out: dict[str, Benchmark]
) -> None:
    def of(task: str, looks: list[Hashable]) -> tuple[float, float]:
        return bounds(looks, [caption.clips for caption in held_out[task].captions])[T2V]

    unordered = [tuple(sorted(f.tobytes() for f in clip)) for clip in decoded["temporal"]]
    assert value("temporal", "frame-order-invariant") == of("temporal", list(unordered))
    for count in (16, 64, 128):
        shown = [clip[:count].tobytes() for clip in decoded["long"]]
        assert value("long", f"first-{count}-frames") == of("long", list(shown))
        assert value("long", f"first-{count}-frames", count) == of("long", list(shown))
    assert value("spatial", "one-frame") == (1, 1)


def test_each_wait_has_a_third_of_the_long_clips() -> None:
    assert value("long", "first-16-frames") == (0, pytest.approx(1 / 24))
    assert value("long", "first-64-frames")[0] == pytest.approx(1 / 3)
    assert value("long", "first-128-frames")[0] == pytest.approx(2 / 3)
    assert value("long", "first-20-frames", 20)[0] > 0  # some come right after the sixteenth


def test_tubelets_of_a_temporal_clip_distinguish_more_than_frames() -> None:
    assert value("temporal", "frame-order-invariant")[1] == pytest.approx(6 / 32)
    assert value("temporal", "tubelet-2-order-invariant") == (1, 1)
    assert value("temporal", "frame-order-invariant", 1)[1] <= 6 / 32  # an empty picture


def test_an_oracle_of_pixels_solves_spatial_by_any_one_frame(
    decoded: Decoded, held_out: dict[str, Benchmark]
) -> None:
    colours = list(COLOURS)[:4]
    for place in (0, 7, 15):
        for caption in held_out["spatial"].captions:
            (own,) = caption.clips
            said = {part.partition(" ")[2] for part in caption.text.split(" and ")}
            alike = [layout_of(clip[place], colours) == said for clip in decoded["spatial"]]
            assert alike.index(True) == own and sum(alike) == 1


def test_an_oracle_of_pixels_solves_long_by_its_end_and_not_by_its_beginning(
    decoded: Decoded, held_out: dict[str, Benchmark]
) -> None:
    colours = list(COLOURS)[:4]
    ends = [layout_of(clip[-1], colours) for clip in decoded["long"]]
    for caption in held_out["long"].captions:
        text = caption.text.removeprefix("after a while ").replace(" is ", " ")
        said = {part.partition(" ")[2] for part in text.split(" and ")}
        assert [number for number, end in enumerate(ends) if end == said] == list(caption.clips)
    assert not any(layout_of(frame, colours) for clip in decoded["long"] for frame in clip[:16:5])


def test_an_oracle_of_pixels_solves_temporal_by_the_order_and_not_without_it(
    decoded: Decoded, held_out: dict[str, Benchmark]
) -> None:
    colours = list(COLOURS)[:3]
    told = [story_of(clip, colours) for clip in decoded["temporal"]]
    said = [c.text.partition(" ")[2].replace(" again", "") for c in held_out["temporal"].captions]
    assert told == said
    shuffled = np.random.default_rng(0)
    features = np.stack(
        [
            clip[shuffled.permutation(16)].astype(np.int64).sum(0).ravel()
            for clip in decoded["temporal"]
        ]
    )
    alike = (features[:, None] == features[None]).all(-1)
    chance = (1 / alike.sum(1)).mean()  # who knows each caption's sum, and guesses among its clips
    assert chance == pytest.approx(value("temporal", "frame-order-invariant")[1])
