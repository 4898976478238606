"""The table of published formats of annotations, and detection of a file's format. No torch.

A format is guessed only where the file is unambiguous; captions by id are read as MSVD's or as
paragraphs only when that is stated.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.data.annotations import (
    activitynet,
    didemo,
    listed,
    lsmdc,
    msr_vtt,
    msvd,
    qrels,
    vatex,
    youcook2,
)
from vbench_mem.data.annotations.collected import Annotations
from vbench_mem.data.captions import COLUMNS
from vbench_mem.data.text_files import csv_header, json_document, lines

# by name, what reads a file and one of its splits
FORMS: dict[str, Callable[[Path, str | None], Annotations]] = {
    "msr-vtt": msr_vtt.read,  # 1k-A CSV of pairs, or MSRVTT_data.json
    "msvd": msvd.read,  # JSON {id: [caption]} and lists of ids
    "vatex": vatex.read,  # official JSON list, or {id: {enCap}} and lists of ids
    "youcook2": youcook2.read,  # official JSON, or MIL-NCE's CSV of clips
    "activitynet": activitynet.read,  # captions JSON; paragraphs
    "activitynet-segments": activitynet.read_segments,  # captions JSON; sentences
    "didemo": didemo.read,  # JSON list; paragraphs
    "didemo-segments": didemo.read_segments,  # JSON list; moments
    "lsmdc": lsmdc.read,  # six tab-separated columns
    "json": listed.read_list,  # list of {video, caption}; every caption queries
    "json-paragraphs": partial(listed.read_list, paragraphs=True),  # the same; captions joined
    "csv": listed.read_pairs,  # header path,caption
    "jsonl": listed.read_pairs,  # lines of {path, caption}
    "qrels": qrels.read,  # TREC judgements, queries.tsv and videos.tsv
}
HEADERS = {msr_vtt.COLUMNS: "msr-vtt", youcook2.COLUMNS: "youcook2", COLUMNS: "csv"}


def find_form(form: str | None, file: Path) -> str:
    """The named format, or else the file's; raises `UsageError` for an unknown name and for a file
    that fits several formats or none."""
    if form is not None and form not in FORMS:
        raise UsageError(f"{file}: no format called '{form}'{nearest(form, FORMS)}")
    if form is not None:
        return form
    found = guess(file)
    if found is None:
        raise UsageError(f"{file}: its format is ambiguous; state it: {', '.join(FORMS)}")
    return found


def guess(file: Path) -> str | None:
    """The only format that fits, or None; raises `UsageError` for a pickle or a broken file."""
    msvd.refuse_pickle(file)
    if file.suffix == ".json":
        return guess_json(json_document(file))
    if file.suffix == ".jsonl":
        return "jsonl"
    _, first = next(lines(file), (0, ""))
    cells = first.split("\t")
    if len(cells) == len(lsmdc.COLUMNS) and lsmdc.CLIP_ID.fullmatch(cells[0]):
        return "lsmdc"
    if file.suffix == ".qrels" or is_judgement(first):
        return "qrels"
    if file.suffix != ".csv":
        return None
    header = set(csv_header(file))
    if header == {"video_id"}:
        return "msr-vtt"  # a list of videos: its reader's message names the file to read instead
    return next((form for columns, form in HEADERS.items() if header >= set(columns)), None)


def is_judgement(line: str) -> bool:
    cells = line.split()
    return len(cells) == 4 and cells[1] in ("0", "Q0") and qrels.is_whole(cells[3])


def guess_json(document: Any) -> str | None:
    if isinstance(document, dict):
        if {"videos", "sentences"} <= document.keys():
            return "msr-vtt"
        if "database" in document:
            return "youcook2"
    first = first_of(document)
    if not isinstance(first, dict):
        return None
    if "enCap" in first:
        return "vatex"
    if isinstance(document, dict):
        ours = all(key.startswith(activitynet.PREFIX) for key in document)
        return "activitynet" if ours and {"timestamps", "sentences"} <= first.keys() else None
    if {"video", "description", "times"} <= first.keys():
        return "didemo"
    return "json" if "video" in first and "caption" in first else None


def first_of(document: Any) -> Any:
    """The first element of a list, or the first value of an object."""
    entries = document.values() if isinstance(document, dict) else document
    return next(iter(entries), None) if isinstance(document, dict | list) else None
