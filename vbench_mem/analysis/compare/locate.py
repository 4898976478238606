"""Finds a folder or file to compare, on disk or in git (`REV:PATH`). Reads, never writes.

A path that exists on disk takes precedence over git.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vbench_mem.analysis.compare.git import stored
from vbench_mem.base.errors import UsageError

Read = Callable[[Sequence[str]], dict[str, bytes]]
RUN = ("records/*", "predictions/*", "environment.json")
BELOW = ("*", *RUN, *(f"*/{name}" for name in RUN))  # of a run or a report, and of a folder of them


@dataclass(frozen=True, kw_only=True)
class Place:
    """`name` is what was typed.

    folder  its last word, which a store names by the machine
    commit  the revision's short name; None on the disk
    names   of the files below, relative to it; `` where it is a file
    read    files by name, without those that cannot be read
    """

    name: str
    folder: str
    is_file: bool
    names: tuple[str, ...]
    read: Read
    commit: str | None = None

    def below(self, folder: str) -> "Place":
        start = f"{folder}/"
        name = f"{self.name}{'' if self.name.endswith(('/', ':')) else '/'}{folder}"
        inner = tuple(name[len(start) :] for name in self.names if name.startswith(start))

        def read(names: Sequence[str]) -> dict[str, bytes]:
            found = self.read([f"{start}{name}" for name in names])
            return {name[len(start) :]: text for name, text in found.items()}

        return replace(self, name=name, folder=folder, names=inner, read=read)

    def files(self, folder: str, ending: str) -> list[str]:
        """Names of the files in a folder, without hidden ones."""
        found = (name.rpartition("/") for name in self.names)
        return [
            f"{above}/{name}"
            for above, _, name in found
            if above == folder and name.endswith(ending) and not name.startswith(".")
        ]


def find_place(text: str) -> Place:
    """Raises `UsageError` if neither disk nor git has it."""
    path = Path(text)
    if is_there(path):
        return on_disk(text, path)
    revision, colon, inner = text.partition(":")
    if not colon:
        raise UsageError(f"no file or folder {text}; for a git revision write REVISION:PATH")
    if not revision:
        raise UsageError(f"{text}: no revision before the colon; write it like HEAD{text}")
    found = stored(text, revision, inner)
    return Place(
        name=text,
        folder=inner.rstrip("/").rpartition("/")[2],
        is_file=found.is_file,
        names=tuple(sorted(found.blobs)),
        read=found.read,
        commit=found.commit,
    )


def is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False


def on_disk(text: str, path: Path) -> Place:
    def read(names: Sequence[str]) -> dict[str, bytes]:
        return dict(readable((name, path / name if name else path) for name in names))

    names = {""}
    if path.is_dir():
        found = (file for pattern in BELOW for file in path.glob(pattern) if file.is_file())
        names = {file.relative_to(path).as_posix() for file in found}
    return Place(
        name=text,
        folder=path.resolve().name,
        is_file=not path.is_dir(),
        names=tuple(sorted(names)),
        read=read,
    )


def readable(files: Iterable[tuple[str, Path]]) -> Iterable[tuple[str, bytes]]:
    for name, file in files:
        try:
            yield name, file.read_bytes()
        except OSError:
            continue  # the caller reports missing files
