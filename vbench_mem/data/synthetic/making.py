"""Makes a task's files at first use, by several processes where they are many. No torch."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from vbench_mem.base.errors import UsageError, reason_of
from vbench_mem.data.cache import made_once
from vbench_mem.data.synthetic.files import folder_of, write_captions, write_clips
from vbench_mem.data.synthetic.tasks import clips_by_split
from vbench_mem.machine.host import cpu_cores

CLIPS_PER_PROCESS = 200  # below it, starting another process costs more time than it saves
PROGRESS_EVERY_S = 5
NOT_WRITTEN = 3  # exit code of a process that cannot write a file; Python's own is 1
Progress = Callable[[int, int], None]


def ensure(
    task: str, size: str, seed: int = 0, root: Path | None = None, progress: Progress | None = None
) -> Path:
    """The folder of a task's files, which are made at first use.

    `train/` and `held-out/` hold the clips, `train.csv` and `held-out.csv` are caption files of
    them. `root` is the cache folder unless given; `progress` is called every few seconds with the
    numbers of clips made and of all clips. Raises `UsageError` for unknown names and where no file
    can be written.
    """
    folder = folder_of(task, size, seed, root)
    try:
        return made_once(folder, lambda aside: make(task, size, seed, aside, progress))
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be made: {reason_of(error)}; "
            "make room or name another folder in VBENCH_MEM_CACHE"
        ) from error


def make(task: str, size: str, seed: int, folder: Path, progress: Progress | None) -> None:
    count = sum(map(len, clips_by_split(task, size, seed).values()))
    parts = min(cpu_cores(), -(-count // CLIPS_PER_PROCESS))
    write_captions(task, size, seed, folder)
    if parts == 1:
        for _ in write_clips(task, size, seed, folder):
            pass
        return

    def report() -> None:
        if progress is not None:
            progress(sum(path.suffix == ".mp4" for path in folder.glob("*/*")), count)

    words = [sys.executable, "-m", "vbench_mem.data.synthetic.making", task, size, str(seed)]
    at_once = [
        [*words, str(folder), str(part), str(parts), str(os.getpid())] for part in range(parts)
    ]
    run_all(at_once, report)


def run_all(commands: list[list[str]], report: Callable[[], None]) -> None:
    """Run the commands in parallel; all processes have ended when it returns.

    Raises `OSError` with the message of a process that could not write a file, and `RuntimeError`
    with the traceback of any other failure.
    """
    children: list[subprocess.Popen[str]] = []
    try:
        for command in commands:
            children.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        for child in children:
            output = wait(child, report)
            if child.returncode == NOT_WRITTEN:
                raise OSError(output.strip())
            if child.returncode:
                raise RuntimeError(
                    f"a process that makes clips ended with {child.returncode}: {output}"
                )
    finally:
        for child in children:
            child.kill()
            child.communicate()


def wait(child: "subprocess.Popen[str]", report: Callable[[], None]) -> str:
    """Wait until it ends, calling `report` every few seconds; returns its error output."""
    while True:
        try:
            return child.communicate(timeout=PROGRESS_EVERY_S)[1]
        except subprocess.TimeoutExpired:
            report()


def make_part() -> None:
    """One of the processes; ends when its parent does.

    Arguments: task, size, seed, folder, this part, parts, id of the parent process.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end without a traceback on Ctrl-C
    task, size, seed, folder, part, parts, starter = sys.argv[1:]
    try:
        for _ in write_clips(task, size, int(seed), Path(folder), int(part), int(parts)):
            if os.getppid() != int(starter):
                return
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        sys.exit(NOT_WRITTEN)


if __name__ == "__main__":
    make_part()
