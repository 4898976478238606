"""Identifies a video file without reading all of it. No torch."""

from pathlib import Path

HEAD_BYTES = 2**16


def head_of(video: Path) -> bytes:
    """Size and first bytes of a file, or all of a small one: they differ between encodings."""
    with video.open("rb") as file:
        return f"{video.stat().st_size} ".encode() + file.read(HEAD_BYTES)
