"""Locks that end with the process that holds them. One measuring run at a time on a machine."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_mem.base.errors import UsageError, cannot_write


@contextmanager
def hold(path: Path, busy: str, fix: str) -> Iterator[None]:
    """Hold the file; raises `UsageError` saying `busy` while another process does.

    The kernel lets go of it when the process ends, however it ends; the file stays.
    """
    try:
        file = path.open("a")  # what is there, if anything, is not ours to empty
    except OSError as error:
        raise cannot_write(path, error, fix) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(busy) from error
        except OSError as error:
            raise cannot_write(path, error, fix) from error
        yield


@contextmanager
def one_run_per_machine() -> Iterator[None]:
    """Hold this machine for one run of this user, whatever its matrix: two would slow each other
    and share the device's memory."""
    path = Path(tempfile.gettempdir()) / f"vbench-mem-{os.getuid()}.lock"
    busy = f"{path}: another run measures on this machine; wait for its end"
    with hold(path, busy, "set TMPDIR to another folder"):
        yield
