"""Annotations and the clips that were found -> a `Benchmark` that lists what is missing.

A caption without any clip is dropped. Opens files only to hash them. No torch.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.collected import Annotations
from vbench_mem.data.annotations.content import sha256_of
from vbench_mem.data.benchmark import Benchmark, Caption, Clip, Dropped

Key = TypeVar("Key", int, str)
SHORT_NAME = "zero-shot"
MISSING, BROKEN = "missing", "broken"  # how a reason begins; the protocol counts both
COUNT = re.compile(rf"\d+ of \d+ (videos|clips) ({MISSING}|{BROKEN})")


def build(
    found: Annotations, clips: Mapping[str, Clip], left_out: Sequence[Dropped] = ()
) -> Benchmark:
    """The items that have a clip, in the order of the file, with their captions."""
    kept = [clips[item.id] for item in found.items if item.id in clips]
    number = {clip.id: place for place, clip in enumerate(kept)}
    queries = ((query.text, query.items, query.grades) for query in found.queries)
    return finished(
        Benchmark(
            name=found.name,
            split=found.split,
            protocol="; ".join((SHORT_NAME, *found.protocol_parts)),
            clips=tuple(kept),
            captions=with_right_clips(queries, number),
            sha256="",
            dropped=(*found.dropped, *left_out),
        )
    )


def with_right_clips(
    captions: Iterable[tuple[str, Sequence[Key], Sequence[float] | None]],
    number: Mapping[Key, int],
) -> tuple[Caption, ...]:
    """Texts, right clips and grades as captions, without the clips that have no number."""
    found = []
    for text, clips, grades in captions:
        pairs = zip(clips, grades or (1.0,) * len(clips), strict=True)
        right = {number[clip]: grade for clip, grade in pairs if clip in number}
        if right:
            kept_grades = tuple(right.values()) if grades else None
            found.append(Caption(text=text, clips=tuple(right), grades=kept_grades))
    return tuple(found)


def without(benchmark: Benchmark, broken: Mapping[str, str]) -> Benchmark:
    """The benchmark without clips that could not be decoded: ids with reasons. It has fewer
    clips, another hash, and a protocol that counts them. Ceilings are left out: they are proved
    for all clips, and fewer are easier to tell apart.

    Raises `UsageError` where nothing is left.
    """
    if not broken:
        return benchmark
    kept = [place for place, clip in enumerate(benchmark.clips) if clip.id not in broken]
    number = {old: new for new, old in enumerate(kept)}
    captions = ((each.text, each.clips, each.grades) for each in benchmark.captions)
    counts = (Dropped(id=id, reason=f"{BROKEN}: {reason}") for id, reason in broken.items())
    return finished(
        replace(
            benchmark,
            clips=tuple(benchmark.clips[place] for place in kept),
            captions=with_right_clips(captions, number),
            dropped=(*benchmark.dropped, *counts),
            ceilings=(),
        )
    )


def finished(benchmark: Benchmark) -> Benchmark:
    """With its hash, and the numbers of missing and broken clips in its protocol."""
    counts = {why: count(benchmark.dropped, why) for why in (MISSING, BROKEN)}
    if not benchmark.captions:
        first = next((each for each in benchmark.dropped if each.reason.startswith(BROKEN)), None)
        example = f"; {first.id} is {first.reason}" if first else ""
        raise UsageError(
            f"{benchmark.name}: no clip is left of {sum(counts.values())}: "
            f"{counts[MISSING]} missing, {counts[BROKEN]} broken{example}"
        )
    total = len(benchmark.clips) + sum(counts.values())
    has_segments = any(clip.start_s is not None for clip in benchmark.clips)
    protocol = [part for part in benchmark.protocol.split("; ") if not COUNT.fullmatch(part)]
    for why, number in counts.items():
        if number:
            protocol.append(f"{number} of {total} {'clips' if has_segments else 'videos'} {why}")
    return replace(
        benchmark,
        protocol="; ".join(protocol),
        sha256=sha256_of(benchmark.clips, benchmark.captions),
    )


def count(dropped: Sequence[Dropped], why: str) -> int:
    return sum(each.reason.startswith(why) for each in dropped)
