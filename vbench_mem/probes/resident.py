"""Peak resident memory of this process on the host, since its own last reset.

No torch. Linux keeps the peak in /proc and lets a process reset its own.
"""

import re
import resource
import sys
from pathlib import Path

STATUS, REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> bool:
    """Reset the peak; False where the system does not allow it, and the peak only grows."""
    try:
        REFERENCES.write_text("5", encoding="ascii")  # 5 resets the high-water mark (proc(5))
    except OSError:
        return False
    return True


def peak_bytes() -> tuple[int, str]:
    """Peak resident memory, and where it was read."""
    if STATUS.exists():
        match = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(encoding="ascii"), re.MULTILINE)
        if match:
            return int(match[1]) * 1024, "VmHWM of /proc/self/status"
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "ru_maxrss of getrusage"


def take_peak() -> int:
    """The peak since the last reset, and reset: one phase ends and the next begins."""
    peak, _ = peak_bytes()
    reset_peak()
    return peak
