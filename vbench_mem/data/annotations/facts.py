"""Counts of a file of annotations, for `vbench-mem data` and for reports. No torch."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from vbench_mem.data.annotations.build import SHORT_NAME
from vbench_mem.data.annotations.collected import Annotations
from vbench_mem.data.benchmark import Benchmark, Dropped


@dataclass(frozen=True, kw_only=True)
class AnnotationFacts:
    """Counts of one split.

    per_clip     fewest, mean and most captions of a clip
    words        fewest, median and most words of a caption, between blanks
    shared_text  captions whose text another caption has too
    shared_clip  clips that are the same part of the same file as another clip
    many_right   captions with more than one right clip
    sha256       None where videos were not looked up
    """

    name: str
    split: str
    protocol: str
    clips: int
    captions: int
    per_clip: tuple[int, float, int]
    words: tuple[int, float, int]
    shared_text: int
    shared_clip: int
    many_right: int
    sha256: str | None
    dropped: tuple[Dropped, ...]


def facts_of(found: Annotations | Benchmark) -> AnnotationFacts:
    """Of a benchmark, or of annotations whose videos were not looked up."""
    if isinstance(found, Benchmark):
        texts = [caption.text for caption in found.captions]
        right: list[Sequence[Hashable]] = [caption.clips for caption in found.captions]
        clips: list[Hashable] = list(range(len(found.clips)))
        parts: list[Hashable] = [(clip.path, clip.start_s, clip.end_s) for clip in found.clips]
        protocol, sha256 = found.protocol, found.sha256
    else:
        texts = [query.text for query in found.queries]
        right = [query.items for query in found.queries]
        clips = [item.id for item in found.items]
        parts = [(item.video, item.start_s, item.end_s) for item in found.items]
        protocol, sha256 = "; ".join((SHORT_NAME, *found.protocol_parts)), None
    captions_of = Counter(clip for clips in right for clip in clips)
    counts, lengths = [captions_of[clip] for clip in clips], [len(text.split()) for text in texts]
    return AnnotationFacts(
        name=found.name,
        split=found.split,
        protocol=protocol,
        clips=len(clips),
        captions=len(texts),
        per_clip=(min(counts), mean(counts), max(counts)),
        words=(min(lengths), median(lengths), max(lengths)),
        shared_text=shared(texts),
        shared_clip=shared(parts),
        many_right=sum(len(clips) > 1 for clips in right),
        sha256=sha256,
        dropped=found.dropped,
    )


def shared(things: Sequence[Hashable]) -> int:
    """How many elements are equal to another one."""
    return sum(times for times in Counter(things).values() if times > 1)
