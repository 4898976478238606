"""What tells one video file from another without reading all of it. No torch."""

from pathlib import Path

HEAD_BYTES = 2**16


def head_of(video: Path) -> bytes:
    """Size and first bytes, which are all of a small file: enough to tell another encoding, and
    read in no time."""
    with video.open("rb") as file:
        return f"{video.stat().st_size} ".encode() + file.read(HEAD_BYTES)
