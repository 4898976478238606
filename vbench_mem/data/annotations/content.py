"""The hash of a benchmark: its captions, right answers, and the videos. No torch."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

from vbench_mem.base.errors import cannot_read
from vbench_mem.data.benchmark import Caption, Clip

HEAD_BYTES = 2**16


def sha256_of(clips: Sequence[Clip], captions: Sequence[Caption]) -> str:
    """Names and paths do not count: moved files are the same benchmark, replaced ones are not.

    Raises `UsageError` where a video cannot be read.
    """
    of_clips = ([digest(clip.path), clip.start_s, clip.end_s] for clip in clips)
    of_captions = ([each.text, each.clips, each.grades] for each in captions)
    found = hashlib.sha256()
    for facts in chain(of_clips, of_captions):
        found.update(json.dumps(facts, separators=(",", ":")).encode() + b"\n")
    return found.hexdigest()


def digest(video: Path) -> str:
    try:
        stat = video.stat()
        return digest_of_version(video, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise cannot_read(video, error, "check the file") from error


@lru_cache(maxsize=2**17)  # a video has many clips, and a matrix many cells
def digest_of_version(video: Path, size_bytes: int, mtime_ns: int) -> str:
    return hashlib.sha256(head_of(video)).hexdigest()


def head_of(video: Path) -> bytes:
    """Size and first bytes of a file, or all of a small one: they differ between encodings."""
    with video.open("rb") as file:
        return f"{video.stat().st_size} ".encode() + file.read(HEAD_BYTES)
