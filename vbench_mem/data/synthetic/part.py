"""One of the processes that make a family's files; ends when the one that started it has."""

import os
import signal
import sys
from pathlib import Path

from vbench_mem.data.synthetic.files import write_clips

NOT_WRITTEN = 3  # the exit code where a file cannot be; Python's own is 1


def main() -> None:
    """Arguments: family, size, seed, folder, this part, parts, process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches this one too: no traceback
    family, size, seed, folder, part, parts, starter = sys.argv[1:]
    try:
        for _ in write_clips(family, size, int(seed), Path(folder), int(part), int(parts)):
            if os.getppid() != int(starter):
                return
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        sys.exit(NOT_WRITTEN)


if __name__ == "__main__":
    main()
