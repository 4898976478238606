"""Custom videos and captions: a JSON list of `{video, caption}`, CSV, or JSON lines.

No torch. Named after their file; paths are relative to the folder of videos, or to the file.
Source: the JSON list of Singularity, VindLU and UMT. `video` is a path, or a list of those that the
caption is right for; `caption` is a text, or a list: of queries, or of the sentences of a paragraph
in the paragraphs format.
"""

import re
from pathlib import Path
from typing import Any

from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.datasets import DATASETS
from vbench_mem.data.annotations.splits import choose
from vbench_mem.data.captions import read_rows
from vbench_mem.data.text_files import json_document


def read_list(file: Path, split: str | None, *, paragraphs: bool = False) -> Annotations:
    into = Collector(file)
    chosen = choose(file, split)
    known: set[str] = set()
    for where, entry in into.entries("", json_document(file)):
        if "image" in into.table(where, entry):
            raise into.refuse(f"{where}.image", "is not a video; give a list of videos")
        found = into.member(where, entry, "video")
        paths = [
            into.text(f"{where}.video", path, "video")
            for path in (into.many(f"{where}.video", found) if isinstance(found, list) else [found])
        ]
        known.update(paths)
        wanted = list(dict.fromkeys(path for path in paths if path in chosen))
        if not wanted:
            continue
        for path in wanted:
            if path not in into.items:
                into.item(f"{where}.video", path)
        for text in texts_of(into, f"{where}.caption", entry, paragraphs):
            into.query(f"{where}.caption", text, *wanted)
    says = "paragraphs" if paragraphs else "all captions"
    return chosen.done(into, name_of(file), known, says, paths=True)


def texts_of(into: Collector, where: str, entry: Any, paragraphs: bool) -> list[str]:
    """The queries of one entry."""
    caption = into.member(where, entry, "caption")
    found = caption if isinstance(caption, list) else [caption]
    texts = [into.text(place, text, "caption") for place, text in into.entries(where, found)]
    return [" ".join(texts)] if paragraphs else texts


def read_pairs(file: Path, split: str | None) -> Annotations:
    """A caption file as `input: clips` takes it; a path in several rows has several captions."""
    into = Collector(file)
    chosen = choose(file, split)
    rows = read_rows(file)
    for row in rows:
        if row.path in chosen:
            if row.path not in into.items:
                into.item(row.line, row.path)
            into.query(row.line, row.caption, row.path)
    known = {row.path for row in rows}
    return chosen.done(into, name_of(file), known, "all captions", paths=True)


def name_of(file: Path) -> str:
    """The file's name in the form of dataset names: lower case, digits, dashes."""
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "own"
    known = {dataset.replace("-", ""): dataset for dataset in DATASETS}
    return known.get(name.replace("-", ""), name)
