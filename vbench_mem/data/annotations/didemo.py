"""DiDeMo: paragraphs for the first 30 s of videos, or descriptions for their moments. No torch.

Source: LisaAnne/LocalizingMoments, README.md and data/: videos were cut to 30 s when they were
described; `times` are first and last of the 5-s units, one pair from each annotator. As CLIP4Clip
does, all descriptions of a video are one query, and a moment is the mean of its annotators.
"""

from pathlib import Path
from statistics import mean
from typing import Any

from vbench_mem.data.annotations.collected import AnnotationItem, Annotations, Collector
from vbench_mem.data.annotations.splits import choose
from vbench_mem.data.annotations.youcook2 import pair_of
from vbench_mem.data.text_files import json_document

NAME = "didemo"
CUT_S = 30.0
UNIT_S = 5.0


def read(file: Path, split: str | None) -> Annotations:
    """Paragraphs, in the order in which the videos first appear."""
    into = Collector(file)
    chosen = choose(file, split)
    paragraphs: dict[str, list[str]] = {}
    for where, entry in into.entries("", json_document(file)):
        video = into.text_of(where, entry, "video")
        paragraphs.setdefault(video, []).append(into.text_of(where, entry, "description"))
    for video, texts in paragraphs.items():
        if video in chosen:
            into.add(video, AnnotationItem(id=video, video=video, end_s=CUT_S))
            into.query(video, " ".join(texts), video)
    return chosen.done(into, NAME, paragraphs, "paragraphs", "the first 30 s")


def read_segments(file: Path, split: str | None) -> Annotations:
    """Every description with its own moment."""
    into = Collector(file)
    chosen = choose(file, split)
    videos = set()
    for number, (where, entry) in enumerate(into.entries("", json_document(file))):
        video = into.text_of(where, entry, "video")
        videos.add(video)
        if video not in chosen:
            continue
        id = f"{video}_{entry.get('annotation_id', number)}"
        start_s, end_s = moment(into, f"{where}.times", into.member(where, entry, "times"))
        if into.segment(where, id, video, start_s, end_s):
            into.query(where, into.member(where, entry, "description"), id)
    return chosen.done(into, f"{NAME}-segments", videos, "one caption a moment")


def moment(into: Collector, where: str, times: Any) -> tuple[float, float]:
    """Seconds from the start of the first unit to the end of the last."""
    pairs = [pair_of(into, place, time) for place, time in into.entries(where, times)]
    first, last = (
        [into.number(where, value) for value in side] for side in zip(*pairs, strict=True)
    )
    return mean(first) * UNIT_S, (mean(last) + 1) * UNIT_S
