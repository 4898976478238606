"""One of the processes that make a family's files; ends when the one that started it has."""

import os
import signal
import sys
from pathlib import Path

from vbench_mem.synthetic.files import write_clips


def main() -> None:
    """Arguments: family, size, seed, folder, this part, parts, process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches this one too: no traceback
    family, size, seed, folder, part, parts, starter = sys.argv[1:]
    try:
        for _ in write_clips(family, size, int(seed), Path(folder), int(part), int(parts)):
            if os.getppid() != int(starter):
                return
    except OSError as error:
        sys.exit(error.strerror or str(error))


if __name__ == "__main__":
    main()
