"""Opens a video just far enough to say whether it can be decoded at all. No torch.

A file that is whole at its start and breaks off later passes: who decodes all of it finds that out.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av

from vbench_mem.data.video import BadVideo, Video, naming
from vbench_mem.machine.host import cpu_cores


@dataclass(frozen=True)
class Probed:
    """`reason` says why a file cannot be used; `length_s` is what its header promises, if any."""

    reason: str | None
    length_s: float | None = None


def probe_all(paths: Iterable[Path]) -> dict[Path, Probed]:
    """Every file once, several at a time; those that did not change since are not opened again."""
    wanted = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(cpu_cores()) as pool:
        return dict(zip(wanted, pool.map(probe, wanted), strict=True))


def probe(path: Path) -> Probed:
    try:
        stat = path.stat()
    except OSError as error:
        return Probed(f"cannot be read ({error.strerror})")
    return probe_version(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2**17)
def probe_version(path: Path, size_bytes: int, mtime_ns: int) -> Probed:
    """Decodes the first two frames."""
    try:
        with naming(path), av.open(path) as container:
            declared = Video(path, container).declared()
    except BadVideo as error:
        return Probed(error.reason)
    return Probed(None, None if declared is None else float(declared))
