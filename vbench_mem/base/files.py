"""Hashes of files, and writing files so that a reader never sees half of one. No torch."""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_mem.base.errors import cannot_read, cannot_write

CHUNK_BYTES = 1 << 22


def file_sha256(path: Path) -> str:
    """SHA-256 of the file, read in pieces; raises `UsageError` where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
    except OSError as error:
        raise cannot_read(path, error) from error
    return found.hexdigest()


def files_sha256(files: Collection[Path]) -> str:
    """The SHA-256 of a single file, or of the names and hashes of several."""
    if len(files) == 1:
        (file,) = files
        return file_sha256(file)
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(f"{file.name} {file_sha256(file)}\n".encode())
    return found.hexdigest()


def write_file(path: Path, content: str | bytes) -> None:
    """Replace the file in one step (text as UTF-8); its folder is made. Raises `OSError`."""
    with temporary_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def temporary_file(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; on success it is flushed to disk and moved to `path` in one
    step, so that no reader sees half a file. Raises `OSError`; a failure leaves nothing behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.touch()
    try:
        mode = temporary.stat().st_mode  # what the user's umask makes of a new file
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)  # the writer may have replaced the file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """`temporary_file` at a path that the user chose: raises `UsageError`, not `OSError`."""
    try:
        with temporary_file(path) as temporary:
            yield temporary
    except OSError as error:
        raise cannot_write(path, error, "free space there, or choose another folder") from error
