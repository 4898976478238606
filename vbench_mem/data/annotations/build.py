"""Clips that were found, and what the file says of them -> a `Benchmark` that tells what it lost.

A caption goes with the last of its clips. Opens no file but to hash it. No torch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.collected import Annotations
from vbench_mem.data.annotations.content import sha256_of
from vbench_mem.data.benchmark import Benchmark, Caption, Clip, Dropped

SHORT_NAME = "zero-shot"
MISSING, BROKEN = "missing", "broken"  # what a reason begins with, and what the protocol counts
COUNT = re.compile(rf"\d+ of \d+ (videos|clips) ({MISSING}|{BROKEN})")


def build(
    found: Annotations, clips: Mapping[str, Clip], left_out: Sequence[Dropped] = ()
) -> Benchmark:
    """The items that have a clip, in the order of the file, with the captions they answer."""
    kept = [clips[item.id] for item in found.items if item.id in clips]
    number = {clip.id: place for place, clip in enumerate(kept)}
    captions = []
    for query in found.queries:
        grades = query.grades or (1.0,) * len(query.items)
        right = {
            number[id]: grade for id, grade in zip(query.items, grades, strict=True) if id in number
        }
        if right:
            captions.append(
                Caption(
                    text=query.text,
                    clips=tuple(right),
                    grades=tuple(right.values()) if query.grades else None,
                )
            )
    return finished(
        Benchmark(
            name=found.name,
            split=found.split,
            protocol="; ".join((SHORT_NAME, *found.says)),
            clips=tuple(kept),
            captions=tuple(captions),
            sha256="",
            dropped=(*found.dropped, *left_out),
        )
    )


def without(benchmark: Benchmark, broken: Mapping[str, str]) -> Benchmark:
    """The benchmark without clips that turned out to be broken when they were decoded: ids with
    reasons. It is another one then: with fewer clips, another hash, and a protocol that says so.
    Ceilings are left out: fewer clips are less to tell apart, and what is proved of all is not of
    these.

    Raises `UsageError` where nothing is left.
    """
    if not broken:
        return benchmark
    kept = [place for place, clip in enumerate(benchmark.clips) if clip.id not in broken]
    number = {old: new for new, old in enumerate(kept)}
    captions = []
    for caption in benchmark.captions:
        still = [at for at, clip in enumerate(caption.clips) if clip in number]
        grades = caption.grades
        if still:
            captions.append(
                replace(
                    caption,
                    clips=tuple(number[caption.clips[at]] for at in still),
                    grades=tuple(grades[at] for at in still) if grades else None,
                )
            )
    lost = (Dropped(id=id, reason=f"{BROKEN}: {reason}") for id, reason in broken.items())
    return finished(
        replace(
            benchmark,
            clips=tuple(benchmark.clips[place] for place in kept),
            captions=tuple(captions),
            dropped=(*benchmark.dropped, *lost),
            ceilings=(),
        )
    )


def finished(benchmark: Benchmark) -> Benchmark:
    """With its hash, and in its protocol how much is missing and broken."""
    lost = {why: count(benchmark.dropped, why) for why in (MISSING, BROKEN)}
    if not benchmark.captions:
        first = next((each for each in benchmark.dropped if each.reason.startswith(BROKEN)), None)
        example = f"; {first.id} is {first.reason}" if first else ""
        raise UsageError(
            f"{benchmark.name}: no clip is left of {sum(lost.values())}: {lost[MISSING]} missing, "
            f"{lost[BROKEN]} broken{example}"
        )
    total = len(benchmark.clips) + sum(lost.values())
    parts = any(clip.start_s is not None for clip in benchmark.clips)
    said = [part for part in benchmark.protocol.split("; ") if not COUNT.fullmatch(part)]
    for why, number in lost.items():
        if number:
            said.append(f"{number} of {total} {'clips' if parts else 'videos'} {why}")
    return replace(
        benchmark,
        protocol="; ".join(said),
        sha256=sha256_of(benchmark.clips, benchmark.captions),
    )


def count(dropped: Sequence[Dropped], why: str) -> int:
    return sum(each.reason.startswith(why) for each in dropped)
