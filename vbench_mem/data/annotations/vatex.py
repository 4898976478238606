"""VATEX: the official list of objects, or a JSON of captions by id with lists of ids. No torch.

Source: `vatex_public_test_english_v1.1.json` and its siblings are lists of `videoID`, `enCap` and
`chCap`; `vatex_data.json` of CLIP2Video is `{id: {"enCap": [...]}}`. English captions only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import choose, choose_listed
from vbench_mem.data.text_files import json_document

NAME = "vatex"


def read(file: Path, split: str | None) -> Annotations:
    into = Collector(file)
    document = json_document(file)
    official = isinstance(document, list)
    chosen = choose(file, split) if official else choose_listed(file, split)
    known = []
    for where, id, entry in entries(into, document):
        known.append(id)
        if id not in chosen:
            continue
        into.item(where, id)
        for place, caption in into.entries(f"{where}.enCap", into.member(where, entry, "enCap")):
            into.query(place, caption, id)
    return chosen.done(into, NAME, known, "all English captions")


def entries(into: Collector, document: Any) -> Iterator[tuple[str, str, Any]]:
    """Place, id and captions of each video, in either form."""
    if not isinstance(document, list):
        yield from ((id, id, entry) for id, entry in into.table("", document).items())
        return
    for number, entry in enumerate(document):
        yield f"[{number}]", into.text_of(f"[{number}]", entry, "videoID"), entry
