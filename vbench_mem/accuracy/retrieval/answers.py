"""Queries and their right answers in both directions, by the literature's conventions. No torch."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.data.benchmark import Benchmark
from vbench_mem.matrix.training import CONVENTIONS, Convention

CUTS = (1, 5, 10)  # of recall
NDCG_CUT = 10


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The queries of one direction, and the candidates that are right for each.

    gallery   how many candidates every query is ranked among
    queries   of each query the row of its embedding: a caption's number, or a clip's
    right     of each query the numbers of its right candidates, at least one, none twice
    grades    how right each of them is, above 0
    clusters  of each query the clip of its cluster, for resampling
    groups    the captions of each candidate, where candidates are groups; else empty
    """

    gallery: int
    queries: tuple[int, ...]
    right: tuple[tuple[int, ...], ...]
    grades: tuple[tuple[float, ...], ...]
    clusters: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...] = ()


def text_to_video(benchmark: Benchmark) -> Answers:
    """Every caption is a query; its cluster is its first right clip."""
    captions = benchmark.captions
    return Answers(
        gallery=benchmark.gallery_size,
        queries=tuple(range(len(captions))),
        right=tuple(caption.clips for caption in captions),
        grades=tuple(caption.grades or (1.0,) * len(caption.clips) for caption in captions),
        clusters=tuple(caption.clips[0] for caption in captions),
    )


def video_to_text(benchmark: Benchmark, convention: Convention) -> Answers:
    """Every clip with a caption is a query; one without is only a candidate of T2V."""
    captions_of: dict[int, list[tuple[int, float]]] = {}
    for number, caption in enumerate(benchmark.captions):
        grades = caption.grades or (1.0,) * len(caption.clips)
        for clip, grade in zip(caption.clips, grades, strict=True):
            captions_of.setdefault(clip, []).append((number, grade))
    clips = tuple(sorted(captions_of))
    right = tuple(tuple(number for number, _ in captions_of[clip]) for clip in clips)
    each = Answers(
        gallery=len(benchmark.captions),
        queries=clips,
        right=right,
        grades=tuple(tuple(grade for _, grade in captions_of[clip]) for clip in clips),
        clusters=clips,
    )
    if convention != "grouped_captions":
        return each
    own = tuple((number,) for number in range(len(clips)))
    ones = ((1.0,),) * len(clips)
    return replace(each, gallery=len(clips), right=own, grades=ones, groups=right)


def kept_captions(benchmark: Benchmark, convention: Convention) -> Sequence[int]:
    """The numbers of the captions that a convention uses, in the order of the benchmark."""
    if convention != "first_caption":
        return range(len(benchmark.captions))
    first: dict[int, int] = {}
    for number, caption in enumerate(benchmark.captions):
        for clip in caption.clips:
            first.setdefault(clip, number)
    return sorted(set(first.values()))


def keep_captions(benchmark: Benchmark, kept: Sequence[int]) -> Benchmark:
    return replace(benchmark, captions=tuple(benchmark.captions[number] for number in kept))


def deranged(benchmark: Benchmark, seed: int) -> Benchmark:
    """The captions of each clip given to another clip, so that right answers are meaningless. In
    an order drawn from the seed each clip with captions passes them to the next, so that the
    numbers of queries and right answers stay the same."""
    clips = sorted({clip for caption in benchmark.captions for clip in caption.clips})
    random.Random(seed).shuffle(clips)
    following = dict(zip(clips, clips[1:] + clips[:1], strict=True))
    captions = (
        replace(caption, clips=tuple(following[clip] for clip in caption.clips))
        for caption in benchmark.captions
    )
    return replace(benchmark, captions=tuple(captions))


def check_answers(benchmark: Benchmark, convention: str) -> None:
    """Raise `UsageError` for a convention that is unknown or does not fit the benchmark, and for
    captions whose right answers are missing, duplicate, out of range or wrongly graded."""
    if convention not in CONVENTIONS:
        raise UsageError(f"no convention called '{convention}'{nearest(convention, CONVENTIONS)}")
    if len({clip for caption in benchmark.captions for clip in caption.clips}) < 2:
        raise UsageError(
            f"{benchmark.name}: retrieval needs two clips with captions or more; add some, or "
            "leave it out of the evaluation"
        )
    for number, caption in enumerate(benchmark.captions):
        place = f"{benchmark.name}: caption {number}"
        if not caption.clips or len(set(caption.clips)) < len(caption.clips):
            raise UsageError(
                f"{place} has {'a right clip twice' if caption.clips else 'no right clip'}; "
                "name at least one, each once, or drop the caption"
            )
        if not all(0 <= clip < benchmark.gallery_size for clip in caption.clips):
            raise UsageError(
                f"{place} names a clip that does not exist; clips are 0 to "
                f"{benchmark.gallery_size - 1}"
            )
        grades = (1.0,) * len(caption.clips) if caption.grades is None else caption.grades
        if len(grades) != len(caption.clips) or not all(0 < grade < math.inf for grade in grades):
            raise UsageError(
                f"{place} is not graded once above 0 for each of its clips; leave out clips of "
                "grade 0"
            )
        if convention == "grouped_captions" and len(caption.clips) > 1:
            raise UsageError(
                f"{place} is right for {len(caption.clips)} clips and would be in several "
                "groups; use every_caption"
            )


assert set(CONVENTIONS) == set(get_args(Convention))
