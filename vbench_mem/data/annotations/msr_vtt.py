"""MSR-VTT: the CSV of the pairs of 1k-A, and the JSON with all captions of all splits. No torch.

Source: read in the published files `MSRVTT_JSFUSION_test.csv` and `MSRVTT_data.json`; counts of the
splits from the collaborative-experts README: 6,513, 497 and 2,990 videos.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import CANONICAL, choose_stated
from vbench_mem.data.text_files import csv_header, csv_rows, json_document, reading

NAME = "msr-vtt"
COLUMNS = ("key", "vid_key", "video_id", "sentence")
# of the 1,000 ids of 1k-A in alphabetical order: another list of a thousand is not 1k-A
ID_1K_A = "49a09fb68f7ec52b3b9bbb7e856ffbd3f00233976ed435fded658309c3cd491a"
TEST_1K_A = "test-1k-a"
LISTED = "listed"
NUMBERED = re.compile(r"video(\d+)")
# The first video of each split by number, for entries without a split.
FIRST = (("test", 7010), ("validation", 6513), ("train", 0))


def read(file: Path, split: str | None) -> Annotations:
    return read_json(file, split) if file.suffix == ".json" else read_pairs(file, split)


def read_pairs(file: Path, split: str | None) -> Annotations:
    """The CSV: one row, one pair."""
    columns = csv_header(file)
    if "video_id" in columns and "sentence" not in columns:
        raise UsageError(
            f"{file}: is a list of videos without captions; read MSRVTT_data.json beside it with "
            f"split: {file.name}"
        )
    into = Collector(file)
    keys: dict[str, int] = {}
    with reading(file):
        for line, row in csv_rows(file, COLUMNS):
            key = into.text(line, row["key"], "key")
            if keys.setdefault(key, line) != line:
                raise into.refuse(line, f"{key} was in line {keys[key]}; keep one of the two")
            id = into.text(line, row["video_id"], "video_id")
            if id not in into.items:
                into.item(line, id)
            into.query(line, row["sentence"], id)
    is_1k_a = len(into.queries) == len(into.items) and sha256_of_ids(into.items) == ID_1K_A
    own = TEST_1K_A if is_1k_a else LISTED
    if split not in (None, own):
        raise UsageError(f"{file}: has no split {split}, it is {own}; leave split out")
    return into.done(NAME, own, "1k-A" if is_1k_a else f"the pairs of {file.name}")


def sha256_of_ids(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def read_json(file: Path, split: str | None) -> Annotations:
    """`videos` and `sentences`; a split is `train`, `val`, `test`, or a list CSV beside it."""
    into = Collector(file)
    document = json_document(file)
    splits: dict[str, str] = {}
    for where, video in into.entries("videos", into.member("", document, "videos")):
        id = into.text_of(where, video, "video_id")
        if id in splits:
            raise into.refuse(where, f"{id} is there twice; keep one of the two")
        splits[id] = stated_split(into, where, id, video)
    chosen = choose_stated(file, split, splits.values())
    for id in splits:
        if id in chosen and (chosen.ids is not None or splits[id] == chosen.split):
            into.item("videos", id)
    for where, sentence in into.entries("sentences", into.member("", document, "sentences")):
        id = into.text_of(where, sentence, "video_id")
        if id not in splits:
            raise into.refuse(where, f"no {id} in videos; correct it, or remove the sentence")
        if id in into.items:
            into.query(where, into.member(where, sentence, "caption"), id)
    captioned = {id for query in into.queries for id in query.items}
    for id in [id for id in into.items if id not in captioned]:
        del into.items[id]
        into.drop(id, f"no caption in {file.name}")
    chosen.drop_others(into, splits)
    says = f"the videos of {chosen.written}" if chosen.written else f"full {chosen.split}"
    return into.done(NAME, chosen.split, says, "all captions")


def stated_split(into: Collector, where: str, id: str, video: dict[str, Any]) -> str:
    """The entry's split, else by the number in its id."""
    if "split" in video:
        split = into.text(where, video["split"], "split")
        return CANONICAL.get(split, split)
    match = NUMBERED.fullmatch(id)
    if match is None:
        raise into.refuse(where, f"{id} has no split; write split: train, validate or test")
    return next(name for name, first in FIRST if int(match[1]) >= first)
