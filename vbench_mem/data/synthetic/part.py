"""One of the processes that make a task's files; ends when its parent does."""

import os
import signal
import sys
from pathlib import Path

from vbench_mem.data.synthetic.files import write_clips

NOT_WRITTEN = 3  # exit code where a file cannot be written; Python's own is 1


def main() -> None:
    """Arguments: task, size, seed, folder, this part, parts, id of the parent process."""
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
    main()
