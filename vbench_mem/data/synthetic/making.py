"""Makes a family's files at first use, by several processes where they are many. No torch."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.cache import made_once
from vbench_mem.data.synthetic.families import scenes
from vbench_mem.data.synthetic.files import folder_of, write_captions, write_clips
from vbench_mem.data.synthetic.part import NOT_WRITTEN
from vbench_mem.machine.host import cpu_cores

ALONE = 200  # clips for which starting another process does not pay
TOLD_S = 5
Tell = Callable[[int, int], None]


def ensure(
    family: str, size: str, seed: int = 0, root: Path | None = None, tell: Tell | None = None
) -> Path:
    """The folder of a family's files, which are made first where they are not there yet.

    `train/` and `held-out/` hold the clips, `train.csv` and `held-out.csv` are caption files of
    them. `root` is the cache folder unless given; `tell` hears now and then how many clips are
    made, and of how many. Raises `UsageError` for unknown names and where no file can be written.
    """
    folder = folder_of(family, size, seed, root)
    try:
        return made_once(folder, lambda aside: make(family, size, seed, aside, tell))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{folder}: cannot be made: {why}; make room or name another folder in VBENCH_MEM_CACHE"
        ) from error


def make(family: str, size: str, seed: int, folder: Path, tell: Tell | None) -> None:
    count = sum(map(len, scenes(family, size, seed).values()))
    parts = min(cpu_cores(), -(-count // ALONE))
    write_captions(family, size, seed, folder)
    if parts == 1:
        for _ in write_clips(family, size, seed, folder):
            pass
        return

    def told() -> None:
        if tell is not None:
            tell(sum(path.suffix == ".mp4" for path in folder.glob("*/*")), count)

    words = [sys.executable, "-m", "vbench_mem.data.synthetic.part", family, size, str(seed)]
    at_once = [
        [*words, str(folder), str(part), str(parts), str(os.getpid())] for part in range(parts)
    ]
    run_all(at_once, told)


def run_all(commands: list[list[str]], told: Callable[[], None]) -> None:
    """Fresh processes: they share no thread with this one. None is left when this returns.

    Raises `OSError` with what one says that could not write, and `RuntimeError` with the traceback
    of one that failed otherwise.
    """
    children: list[subprocess.Popen[str]] = []
    try:
        for command in commands:
            children.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        for child in children:
            said = wait(child, told)
            if child.returncode == NOT_WRITTEN:
                raise OSError(said.strip())
            if child.returncode:
                raise RuntimeError(
                    f"a process that makes clips ended with {child.returncode}: {said}"
                )
    finally:
        for child in children:
            child.kill()
            child.communicate()


def wait(child: "subprocess.Popen[str]", told: Callable[[], None]) -> str:
    """Until it ends; what it said."""
    while True:
        try:
            return child.communicate(timeout=TOLD_S)[1]
        except subprocess.TimeoutExpired:
            told()
