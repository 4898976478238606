"""Bytes of files: hashed, and written so that nobody ever sees half a file. No torch."""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_mem.base.errors import UsageError, cannot_write

CHUNK_BYTES = 1 << 22


def file_sha256(path: Path) -> str:
    """Of the file's bytes, read in pieces; raises `UsageError` where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path}: cannot be read: {reason}") from error
    return found.hexdigest()


def files_sha256(files: Collection[Path]) -> str:
    """Of a single file its own SHA-256; of several that of their names and hashes."""
    if len(files) == 1:
        (file,) = files
        return file_sha256(file)
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file.name} {file_sha256(file)}\n".encode())
    return found.hexdigest()


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A place to write to; flushed to disk and moved to `path` in one step when all went well.

    Raises `UsageError` for what the file system refuses; whatever fails, nothing is left behind.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with told_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.touch()
    try:
        with told_of(path):
            mode = aside.stat().st_mode  # what the user's umask makes of a new file
            yield aside
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            aside.chmod(mode)  # a writer may have made a file of its own
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error, "free space there, or choose another folder") from error
