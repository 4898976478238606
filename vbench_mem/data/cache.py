"""The user's cache folder, and folders in it that are made once and whole. No torch."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from vbench_mem.base.errors import UsageError


def cache_root() -> Path:
    """`VBENCH_MEM_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("VBENCH_MEM_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vbench_mem"


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, which `make` fills first where it is not there yet.

    It is built aside and moved into place in one step, so that a broken-off run (Ctrl-C, a full
    disk) leaves nothing half-made and two runs at once cannot meet. Raises `UsageError` where there
    can be no such folder, and whatever `make` raises.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{folder.parent}: cannot hold generated clips: {why}; "
            "name another folder in VBENCH_MEM_CACHE"
        ) from error
    try:
        make(aside)
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():  # not another run's: a real failure
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # gone already where it was moved
    return folder
