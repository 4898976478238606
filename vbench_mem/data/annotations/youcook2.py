"""YouCook2: clips of videos, from the official JSON or from the CSV of MIL-NCE. No torch.

Galleries in use differ: the CSV has 3,350 clips of 436 videos, the JSON more, since it includes
videos that are no longer available.
Source: `youcookii_annotations_trainval.json` as fairseq's MMPT reads it; `validation_youcook.csv`
of antoine77340/MIL-NCE_HowTo100M, of which one segment is in two rows: two clips, as there.
"""

from collections import Counter
from pathlib import Path

from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.splits import CANONICAL, choose, choose_stated
from vbench_mem.data.text_files import csv_rows, json_document, reading

NAME = "youcook2"
COLUMNS = ("end", "start", "task", "text", "video_id")


def read(file: Path, split: str | None) -> Annotations:
    return read_json(file, split) if file.suffix == ".json" else read_csv(file, split)


def read_json(file: Path, split: str | None) -> Annotations:
    """A clip's id is its video and its number in it, as published."""
    into = Collector(file)
    database = into.table("database", into.member("", json_document(file), "database"))
    subsets = {}
    for video, entry in database.items():
        subset = into.text_of(f"database.{video}", entry, "subset")
        subsets[video] = CANONICAL.get(subset, subset)
    chosen = choose_stated(file, split, subsets.values())
    for video, entry in database.items():
        if video not in chosen or (chosen.ids is None and subsets[video] != chosen.split):
            continue
        clips = into.member(f"database.{video}", entry, "annotations")
        numbered = enumerate(into.entries(f"database.{video}.annotations", clips))
        for number, (place, clip) in numbered:
            start, end = pair_of(into, f"{place}.segment", into.member(place, clip, "segment"))
            id = f"{video}_{clip.get('id', number)}"
            if into.segment(f"{place}.segment", id, video, start, end):
                into.query(f"{place}.sentence", into.member(place, clip, "sentence"), id)
    return chosen.done(into, NAME, database, "one caption a clip")


def pair_of(into: Collector, where: str, value: object) -> tuple[object, object]:
    """Start and end out of a list of two."""
    found = into.many(where, value)
    if len(found) != 2:
        raise into.refuse(where, f"has {len(found)} numbers; write start and end in seconds")
    return found[0], found[1]


def read_csv(file: Path, split: str | None) -> Annotations:
    """A clip's id is its video and its row's number among those of the video."""
    into = Collector(file)
    chosen = choose(file, split)
    rows: Counter[str] = Counter()
    with reading(file):
        for line, row in csv_rows(file, COLUMNS):
            video = into.text(line, row["video_id"], "video_id")
            if video not in chosen:
                continue
            id = f"{video}_{rows[video]}"
            rows[video] += 1
            if into.segment(line, id, video, row["start"], row["end"]):
                into.query(line, row["text"], id)
    return chosen.done(into, NAME, rows, "one caption a clip")
