"""File locks that end with the process that holds them, for one run at a time on a machine."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_mem.base.errors import UsageError, cannot_write


@contextmanager
def hold(path: Path, busy: str, fix: str) -> Iterator[None]:
    """Hold a lock on the file; raises `UsageError(busy)` while another process holds it.

    The kernel releases it when the process ends, however it ends; the file stays.
    """
    try:
        file = path.open("a")  # "a" so as not to empty a file that exists
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
    """Allow one run of this user at a time: two would slow each other down and share the device's
    memory."""
    path = Path(tempfile.gettempdir()) / f"vbench-mem-{os.getuid()}.lock"
    busy = f"{path}: another run is measuring on this machine; wait until it ends"
    with hold(path, busy, "set TMPDIR to another folder"):
        yield
