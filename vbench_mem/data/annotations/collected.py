"""The contents of a file of annotations, before videos are looked up. No torch.

A `Collector` takes clips and captions in the order of the file and refuses duplicate ids, empty
captions and values of the wrong type.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError
from vbench_mem.data.benchmark import Dropped
from vbench_mem.data.text_files import MEND

Where = int | str  # the number of a line, or the path of a value in JSON: `sentences[3].caption`


@dataclass(frozen=True, kw_only=True)
class AnnotationItem:
    """A clip as the file names it. `video` is an id, or a path where the format has paths.

    also  another name of the video's file
    """

    id: str
    video: str
    start_s: float | None = None
    end_s: float | None = None
    also: str | None = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """A caption with the ids of its right answers, and how right each is where that is graded."""

    text: str
    items: tuple[str, ...]
    grades: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """One split of a file.

    protocol_parts     what a protocol says of it after its short name: `1k-A`, `paragraph`
    dropped  what the file names and the split cannot use, each with its reason
    paths    items name files by path, not by id
    """

    name: str
    split: str
    protocol_parts: tuple[str, ...]
    items: tuple[AnnotationItem, ...]
    queries: tuple[Query, ...]
    dropped: tuple[Dropped, ...] = ()
    paths: bool = False


def at(file: Path, where: Where) -> str:
    """`a.csv:3`, `a.json: videos[3]`, or the file alone for the whole of it."""
    if isinstance(where, int):
        return f"{file}:{where}"
    return f"{file}: {where}" if where else str(file)


class Collector:
    """Items and queries of one file; methods raise `UsageError` with the place."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.items: dict[str, AnnotationItem] = {}
        self.queries: list[Query] = []
        self.dropped: list[Dropped] = []

    def refuse(self, where: Where, what: str) -> UsageError:
        return UsageError(f"{at(self.file, where)}: {what}")

    def item(
        self, where: Where, id: str, video: str | None = None, also: str | None = None
    ) -> None:
        """A whole video, named by its id unless `video` says otherwise."""
        self.add(
            where, AnnotationItem(id=self.text(where, id, "an id"), video=video or id, also=also)
        )

    def segment(
        self, where: Where, id: str, video: str, start: Any, end: Any, also: str | None = None
    ) -> bool:
        """A part of a video in seconds; False where it has no length and is dropped."""
        start_s, end_s = self.number(where, start), self.number(where, end)
        if not 0 <= start_s < end_s:
            self.drop(id, f"goes from {start_s:g} to {end_s:g} s")
            return False
        self.add(where, AnnotationItem(id=id, video=video, start_s=start_s, end_s=end_s, also=also))
        return True

    def add(self, where: Where, item: AnnotationItem) -> None:
        if item.id in self.items:
            raise self.refuse(where, f"{item.id} is there twice; keep one of the two")
        self.items[item.id] = item

    def query(
        self, where: Where, text: Any, *items: str, grades: tuple[float, ...] | None = None
    ) -> None:
        caption = self.text(where, text, "a caption")
        self.queries.append(Query(text=caption, items=items, grades=grades))

    def drop(self, id: str, reason: str) -> None:
        self.dropped.append(Dropped(id=id, reason=reason))

    def text(self, where: Where, value: Any, what: str) -> str:
        """The value without surrounding blanks; it must be text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(where, f"{what} is empty or not text; write it or remove the entry")
        return value.strip()

    def number(self, where: Where, value: Any) -> float:
        """Seconds as a float, from a number or its text."""
        try:
            found = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            raise self.refuse(where, f"{value!r} is not a number of seconds; {MEND}")
        return found

    def many(self, where: Where, value: Any) -> list[Any]:
        """The value, which must be a list that is not empty."""
        if not isinstance(value, list) or not value:
            raise self.refuse(where, f"needs a list, has {kind(value)}; {MEND}")
        return value

    def table(self, where: Where, value: Any) -> dict[str, Any]:
        """The value, which must be a JSON object."""
        if not isinstance(value, dict):
            raise self.refuse(where, f"needs an object, has {kind(value)}; {MEND}")
        return value

    def member(self, where: Where, value: Any, name: str) -> Any:
        """What the object has under this name."""
        found = self.table(where, value)
        if name not in found:
            has = ", ".join(found) or "nothing"
            raise self.refuse(where, f"needs {name}, has {has}; {MEND}")
        return found[name]

    def entries(self, where: str, value: Any) -> Iterator[tuple[str, Any]]:
        """The place and value of each entry of a list that is not empty."""
        for number, entry in enumerate(self.many(where, value)):
            yield f"{where}[{number}]", entry

    def text_of(self, where: Where, value: Any, name: str) -> str:
        """The text that the object has under this name."""
        return self.text(where, self.member(where, value, name), name)

    def done(self, name: str, split: str, *says: str, paths: bool = False) -> Annotations:
        if not self.queries:
            raise UsageError(f"{self.file}: has no caption of split {split}; choose another split")
        return Annotations(
            name=name,
            split=split,
            protocol_parts=says,
            items=tuple(self.items.values()),
            queries=tuple(self.queries),
            dropped=tuple(self.dropped),
            paths=paths,
        )


def kind(value: Any) -> str:
    """The type of a JSON value, for a message."""
    if isinstance(value, list | dict) and not value:
        return "an empty one"
    kinds = {dict: "an object", list: "a list", str: "text", type(None): "null"}
    return kinds.get(type(value), "a number")
