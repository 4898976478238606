"""The user's cache folder, and folders in it that are created once and completely. No torch."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from vbench_mem.base.errors import UsageError, reason_of


def cache_root() -> Path:
    """`VBENCH_MEM_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("VBENCH_MEM_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vbench_mem"


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, filled by `make` where it does not exist yet.

    It is made under another name and moved into place in one step, so that an aborted run (Ctrl-C,
    a full disk) leaves no incomplete folder and two runs at once do not interfere. Raises
    `UsageError` where the folder cannot be created, and whatever `make` raises.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise UsageError(
            f"{folder.parent}: cannot hold generated clips: {reason_of(error)}; "
            "name another folder in VBENCH_MEM_CACHE"
        ) from error
    try:
        make(aside)
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():  # another run may have made it meanwhile
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # does nothing where it was moved
    return folder
