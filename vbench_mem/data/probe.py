"""Checks whether a video can be decoded, from its first frames. No torch.

A file that breaks off later passes; decoding all of it finds that error.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av

from vbench_mem.data.video import BadVideo, Video, as_bad_video
from vbench_mem.machine.host import cpu_cores


@dataclass(frozen=True)
class ProbedVideo:
    """`reason` is why a file cannot be used, or None; `length_s` is the length in its header."""

    reason: str | None
    length_s: float | None = None


def probe_all(paths: Iterable[Path]) -> dict[Path, ProbedVideo]:
    """Every file once, several at a time; unchanged files are not opened again."""
    wanted = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(cpu_cores()) as pool:
        return dict(zip(wanted, pool.map(probe, wanted), strict=True))


def probe(path: Path) -> ProbedVideo:
    try:
        stat = path.stat()
    except OSError as error:
        return ProbedVideo(f"cannot be read ({error.strerror})")
    return probe_version(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2**17)
def probe_version(path: Path, size_bytes: int, mtime_ns: int) -> ProbedVideo:
    """Decodes the first two frames."""
    try:
        with as_bad_video(path), av.open(path) as container:
            declared = Video(path, container).declared()
    except BadVideo as error:
        return ProbedVideo(error.reason)
    return ProbedVideo(None, None if declared is None else float(declared))
