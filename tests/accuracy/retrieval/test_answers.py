"""Queries and right answers: conventions, shuffled pairs, and benchmarks that are refused."""

from dataclasses import replace

import pytest

from tests.accuracy.retrieval.made import made, several_each
from vbench_mem.accuracy.retrieval.answers import (
    check_answers,
    deranged,
    keep_captions,
    kept_captions,
    text_to_video,
    video_to_text,
)
from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Benchmark, Caption
from vbench_mem.matrix.training import CONVENTIONS

# captions 0 and 2 tell of clip 1, caption 1 of clip 3; clips 0 and 2 have none
SOME = made((1,), (3,), (1,), clips=4)
# one caption may tell of several clips, better of some
GRADED = made(
    Caption(text="a dog", clips=(0, 2), grades=(1.0, 0.5)),
    (2,),
    Caption(text="b", clips=(1, 0)),
    clips=3,
)


def test_every_caption_queries_all_clips() -> None:
    for convention in ("every_caption", "grouped_captions"):
        assert list(kept_captions(SOME, convention)) == [0, 1, 2]
    answers = text_to_video(SOME)
    assert (answers.gallery, answers.queries) == (4, (0, 1, 2))
    assert answers.right == ((1,), (3,), (1,))
    assert answers.clusters == (1, 3, 1)  # captions 0 and 2 are of one clip
    assert text_to_video(GRADED).grades == ((1.0, 0.5), (1.0,), (1.0, 1.0))


def test_a_clip_with_captions_queries_all_captions() -> None:
    answers = video_to_text(SOME, "every_caption")
    assert (answers.gallery, answers.queries, answers.clusters) == (3, (1, 3), (1, 3))
    assert answers.right == ((0, 2), (1,))
    graded = video_to_text(GRADED, "every_caption")
    assert graded.right == ((0, 2), (2,), (0, 1))
    assert graded.grades == ((1.0, 1.0), (1.0,), (0.5, 1.0))


def test_grouped_captions_are_ranked_video_by_video() -> None:
    answers = video_to_text(SOME, "grouped_captions")
    assert (answers.gallery, answers.queries) == (2, (1, 3))
    assert answers.groups == ((0, 2), (1,))
    assert answers.right == ((0,), (1,))


def test_of_first_captions_every_clip_keeps_one() -> None:
    kept = kept_captions(SOME, "first_caption")
    assert list(kept) == [0, 1]
    asked = keep_captions(SOME, kept)
    assert text_to_video(asked).right == ((1,), (3,))
    assert video_to_text(asked, "first_caption").right == ((0,), (1,))
    assert list(kept_captions(GRADED, "first_caption")) == [0, 2]


@pytest.mark.parametrize("seed", range(20))
def test_no_shuffled_clip_keeps_its_caption(seed: int) -> None:
    benchmark = several_each(clips=2 + seed, most=3, seed=seed)
    shuffled = deranged(benchmark, seed)
    assert shuffled == deranged(benchmark, seed)
    for before, after in zip(benchmark.captions, shuffled.captions, strict=True):
        assert before.text == after.text
        assert set(before.clips).isdisjoint(after.clips)
    # as many queries with as many right answers as before
    for convention in ("every_caption", "grouped_captions"):
        before, after = (video_to_text(each, convention) for each in (benchmark, shuffled))
        assert before.queries == after.queries
        assert sorted(map(len, before.right)) == sorted(map(len, after.right))


def test_shuffling_draws_on_the_seed() -> None:
    benchmark = several_each(clips=12, most=2, seed=0)
    assert len({deranged(benchmark, seed).captions for seed in range(10)}) == 10


def test_clips_without_captions_are_given_none_by_shuffling() -> None:
    assert {caption.clips for caption in deranged(SOME, 0).captions} == {(1,), (3,)}


@pytest.mark.parametrize(
    ("benchmark", "convention", "says"),
    [
        (SOME, "every_captions", "no convention called 'every_captions'; did you mean every_cap"),
        (made((0,), (0,), clips=3), "every_caption", "needs two clips with captions"),
        (made((0,), (), (1,), clips=3), "every_caption", "caption 1 has no right clip"),
        (made((0,), (1, 1), clips=3), "every_caption", "caption 1 has a right clip twice"),
        (made((0,), (3,), clips=3), "every_caption", "not exist; clips are 0 to 2"),
        (made((0,), (-1,), clips=3), "every_caption", "caption 1 names a clip that does not exist"),
        (GRADED, "grouped_captions", "caption 0 is right for 2 clips .*; use every_caption"),
    ],
)
def test_invalid_answers_are_refused(benchmark: Benchmark, convention: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_answers(benchmark, convention)


@pytest.mark.parametrize("grades", [(1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))])
def test_grades_that_are_none_are_refused(grades: tuple[float, ...]) -> None:
    benchmark = made((0,), (1,), Caption(text="x", clips=(0, 1), grades=grades), clips=2)
    with pytest.raises(UsageError, match="caption 2 is not graded once above 0"):
        check_answers(benchmark, "every_caption")


def test_a_good_benchmark_is_accepted_by_every_convention_that_it_has() -> None:
    for convention in CONVENTIONS:
        check_answers(SOME, convention)
        check_answers(replace(SOME, clips=SOME.clips * 2), convention)
    check_answers(GRADED, "every_caption")
    check_answers(GRADED, "first_caption")
