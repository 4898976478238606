"""TREC qrels: graded judgements of queries and videos, with a file of each beside them. No torch.

`NAME.qrels` has lines of `query 0 video grade`; its queries are in `NAME.queries.tsv` or
`queries.tsv`, its videos in `NAME.videos.tsv` or `videos.tsv`: an id, a tab, then the text or path.
Without a file of videos the gallery is the judged videos, found in the folder of videos by id.
Source: https://trec.nist.gov/data/qrels_eng/; a grade of 0 or less was judged and is not right.
"""

from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.annotations.listed import name_of
from vbench_mem.data.annotations.splits import CANONICAL, ChosenSplit, split_of_name
from vbench_mem.data.text_files import lines, tab_rows

CELLS = "query 0 video grade"
Judged = dict[str, dict[str, int]]  # grades by query and video


def read(file: Path, split: str | None) -> Annotations:
    chosen = ChosenSplit(split_of_name(file))
    if split is not None and CANONICAL.get(split, split) != chosen.split:
        raise UsageError(f"{file}: has no split {split}, it is {chosen.split}; leave split out")
    into = Collector(file)
    judged = read_judgements(into)
    queries = table_of(beside(file, "queries"), "text")
    gallery = read_gallery(into, judged)
    for id in judged:
        if id not in queries:
            raise into.refuse(
                "", f"judges query {id}, which has no text in {beside(file, 'queries')}"
            )
    for id, text in queries.items():
        right = {video: grade for video, grade in judged.get(id, {}).items() if grade > 0}
        if not right:
            into.drop(id, "no video is right for this query" if id in judged else "not judged")
            continue
        into.query(id, text, *right, grades=tuple(float(grade) for grade in right.values()))
    says = ("graded", "all listed videos" if gallery else "judged videos only")
    return into.done(name_of(file), chosen.split, *chosen.protocol_parts, *says, paths=gallery)


def read_judgements(into: Collector) -> Judged:
    found: Judged = {}
    for number, line in lines(into.file):
        cells = line.split()
        if len(cells) != 4 or not is_whole(cells[3]):
            raise into.refuse(
                number, f"is not a judgement; write {CELLS}, the grade a whole number"
            )
        query, _, video, grade = cells
        if video in found.setdefault(query, {}):
            raise into.refuse(number, f"judges {video} for {query} again; keep one of the two")
        found[query][video] = int(grade)
    return found


def is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def read_gallery(into: Collector, judged: Judged) -> bool:
    """Add the videos; True where a file lists them with their paths."""
    file = beside(into.file, "videos")
    named = dict.fromkeys(video for videos in judged.values() for video in videos)
    if not file.is_file():
        for video in named:
            into.item("", video)
        return False
    listed = table_of(file, "path")
    for video, path in listed.items():
        into.item("", video, path)
    missing = next((video for video in named if video not in listed), None)
    if missing is not None:
        raise into.refuse("", f"judges video {missing}, which {file} does not list")
    return True


def table_of(file: Path, what: str) -> dict[str, str]:
    """The second column by the first."""
    into = Collector(file)
    for number, (id, value) in tab_rows(file, ("id", what)):
        into.item(number, id, into.text(number, value, what))
    return {id: item.video for id, item in into.items.items()}


def beside(file: Path, what: str) -> Path:
    """`a.queries.tsv` for `a.qrels` where it is there, else `queries.tsv`."""
    own = file.with_name(f"{file.stem}.{what}.tsv")
    return own if own.is_file() else file.with_name(f"{what}.tsv")
