"""ActivityNet Captions: paragraphs for whole videos, or sentences for their segments. No torch.

Source: `val_1.json` and its siblings as CLIP4Clip reads them: all sentences of a video are one
query with a space between, and the video is used from its start to its end. val_1 and val_2 are two
writings of captions for nearly the same videos: 4,917 and 4,885.
"""

from pathlib import Path

from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import choose
from vbench_mem.data.annotations.youcook2 import pair_of
from vbench_mem.data.text_files import json_document

NAME = "activitynet"
PREFIX = "v_"  # of the keys, and of the videos' files as they are published, but not everywhere


def read(file: Path, split: str | None) -> Annotations:
    """Paragraphs; a sentence of blanks alone adds nothing to one."""
    into = Collector(file)
    document, chosen = into.table("", json_document(file)), choose(file, split)
    for key, entry in document.items():
        if key in chosen:
            into.item(key, key, key.removeprefix(PREFIX), also=key)
            into.query(f"{key}.sentences", " ".join(sentences_of(into, key, entry)), key)
    return chosen.done(into, NAME, document, "paragraphs")


def read_segments(file: Path, split: str | None) -> Annotations:
    """Every sentence with its own part of the video."""
    into = Collector(file)
    document, chosen = into.table("", json_document(file)), choose(file, split)
    for key, entry in document.items():
        if key not in chosen:
            continue
        sentences = sentences_of(into, key, entry)
        where = f"{key}.timestamps"
        times = into.many(where, into.member(key, entry, "timestamps"))
        if len(times) != len(sentences):
            raise into.refuse(where, f"has {len(times)} for {len(sentences)} sentences; write each")
        for number, (sentence, time) in enumerate(zip(sentences, times, strict=True)):
            start, end = pair_of(into, f"{where}[{number}]", time)
            id, video = f"{key}_{number}", key.removeprefix(PREFIX)
            if into.segment(f"{where}[{number}]", id, video, start, end, also=key):
                into.query(f"{key}.sentences[{number}]", sentence, id)
    return chosen.done(into, f"{NAME}-segments", document, "one caption a segment")


def sentences_of(into: Collector, key: str, entry: object) -> list[str]:
    found = []
    for where, sentence in into.entries(f"{key}.sentences", into.member(key, entry, "sentences")):
        if not isinstance(sentence, str):
            raise into.refuse(where, "is no text; write it")
        found.append(sentence.strip())
    return found
