"""Finds a folder or file to compare, on disk or else in git (`REV:PATH`). Never writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from vbench_mem.analysis.compare.git import stored
from vbench_mem.base.errors import UsageError

RUN = ("records/*.json", "predictions/*.json", "environment.json")


@dataclass(frozen=True, kw_only=True)
class Place:
    """`name` is what was typed.

    folder  its last word, which a store names by the machine
    files   by name relative to it, `` where it is a file; None where it cannot be read
    commit  the revision's short name; None on the disk
    """

    name: str
    folder: str
    files: Mapping[str, bytes | None]
    commit: str | None = None

    def below(self, folder: str) -> "Place":
        start = f"{folder}/"
        name = f"{self.name}{'' if self.name.endswith(('/', ':')) else '/'}{folder}"
        names = (name for name in self.files if name.startswith(start))
        files = {name.removeprefix(start): self.files[name] for name in names}
        return replace(self, name=name, folder=folder, files=files)

    def inside(self, folder: str) -> list[str]:
        """Names of the files in a folder, without hidden ones."""
        paths = [PurePosixPath(name) for name in self.files if name]
        some = [path for path in paths if path.parent == PurePosixPath(folder)]
        return [str(path) for path in some if not path.name.startswith(".")]


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
    commit, files = stored(text, revision, inner, is_wanted)
    folder = inner.rstrip("/").rpartition("/")[2]
    return Place(name=text, folder=folder, files=dict(sorted(files.items())), commit=commit)


def is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False


def is_wanted(name: str) -> bool:
    return any(PurePosixPath(name).match(pattern) for pattern in RUN)


def on_disk(text: str, path: Path) -> Place:
    files = {"": path}
    if path.is_dir():
        patterns = (*RUN, *(f"*/{pattern}" for pattern in RUN))  # and of a folder of runs
        found = (file for pattern in patterns for file in path.glob(pattern) if file.is_file())
        files = {file.relative_to(path).as_posix(): file for file in found}
    contents = {name: readable(files[name]) for name in sorted(files)}
    return Place(name=text, folder=path.resolve().name, files=contents)


def readable(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None  # the caller reports it
