"""Which videos of a file belong to a split: by its name, or by a list of ids beside it. No torch.

A list is a text file with an id on each line, a CSV with a column `video_id`, or a JSON list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.data.annotations.collected import Annotations, Collector
from vbench_mem.data.text_files import csv_rows, json_document, lines, reading

LISTS = (".txt", ".csv", ".json")
ALL = "all"
CANONICAL = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validate", "validation"), "validation"),
    **dict.fromkeys(("test", "testing", "publictect"), "test"),  # LSMDC spells its file so
    "val_1": "val_1",
    "val_2": "val_2",
}
SHORT = {"train": "train", "validation": "val", "test": "test"}  # as files of lists are named
WORDS = re.compile(r"val_[12]|[a-z]+")


@dataclass(frozen=True)
class ChosenSplit:
    """A split by name; where a list restricts the file, its ids and its file name."""

    split: str
    ids: frozenset[str] | None = None
    written: str = ""

    @property
    def protocol_parts(self) -> tuple[str, ...]:
        """For a protocol: empty for a file without splits."""
        return () if self.split == ALL else (self.split,)

    def __contains__(self, id: str) -> bool:
        return self.ids is None or id in self.ids

    def drop_others(self, into: Collector, known: Iterable[str]) -> None:
        """Drop the ids of the list that the file lacks, with that reason."""
        if self.ids is not None:
            for id in sorted(self.ids - set(known)):
                into.drop(id, f"no caption in {into.file.name}, only a line in {self.written}")

    def done(
        self, into: Collector, name: str, known: Iterable[str], *says: str, paths: bool = False
    ) -> Annotations:
        """What was collected of this split; `known` are the ids that the file has."""
        self.drop_others(into, known)
        return into.done(name, self.split, *self.protocol_parts, *says, paths=paths)


def split_of_name(file: Path) -> str:
    """The split in a file's name, else `all`."""
    words = WORDS.findall(file.stem.lower())
    found = {CANONICAL[word] for word in words if word in CANONICAL}
    return found.pop() if len(found) == 1 else ALL


def choose(file: Path, split: str | None) -> ChosenSplit:
    """For a file of one split: all of it, or the ids of a list beside it."""
    own = split_of_name(file)
    if split is None or CANONICAL.get(split, split) == own:
        return ChosenSplit(own)
    if is_list(split):
        return listed(file, split)
    raise UsageError(
        f"{file}: has no split {split}, it is {own}; leave split out, or name a list of ids"
    )


def choose_listed(file: Path, split: str | None) -> ChosenSplit:
    """For captions of all splits: `test` means the list `test_list.txt` beside the file."""
    if split is None:
        there = sorted(path.name for path in file.parent.glob("*_list.txt"))
        raise UsageError(
            f"{file}: has the captions of all splits; choose one: split: test reads test_list.txt "
            f"beside it ({', '.join(there) or 'no *_list.txt is there'})"
        )
    if is_list(split):
        return listed(file, split)
    if CANONICAL.get(split) not in SHORT:
        raise UsageError(f"{file}: has no split {split}{nearest(split, SHORT)}")
    name = CANONICAL[split]
    return replace(listed(file, f"{SHORT[name]}_list.txt"), split=name)


def choose_stated(file: Path, split: str | None, found: Iterable[str]) -> ChosenSplit:
    """For a file whose entries state their split; `found` are their splits."""
    known = sorted(set(found))
    if split is not None and is_list(split):
        return listed(file, split)
    if split is None and len(known) == 1:
        return ChosenSplit(known[0])
    if split is None:
        raise UsageError(
            f"{file}: has the splits {', '.join(known)}; choose one: split: {known[0]}"
        )
    name = CANONICAL.get(split, split)
    if name not in known:
        raise UsageError(f"{file}: has no split {split}{nearest(split, known)}")
    return ChosenSplit(name)


def is_list(split: str) -> bool:
    return Path(split).suffix in LISTS


def listed(file: Path, split: str) -> ChosenSplit:
    """The ids of a list beside the file; the split is named after the list."""
    path = file.parent / split
    return ChosenSplit(path.stem, frozenset(read_ids(path)), split)


def read_ids(file: Path) -> list[str]:
    """All ids of a list; raises `UsageError` for a duplicate id and for a file that is no list."""
    into = Collector(file)
    if file.suffix == ".json":
        for number, id in enumerate(into.many("a list of ids", json_document(file))):
            into.item(f"[{number}]", id)
    elif file.suffix == ".csv":
        with reading(file):
            for line, row in csv_rows(file, ("video_id",)):
                into.item(line, into.text(line, row["video_id"], "video_id"))
    else:
        for line, id in lines(file):
            into.item(line, id.strip())
    return list(into.items)
