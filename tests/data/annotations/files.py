"""Small files of annotations for tests, and folders with a video for every name."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.data.videos import write_numbers


def write(folder: Path, name: str, content: Any) -> Path:
    """Text as it is, anything else as JSON."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    return file


@cache
def video_bytes() -> bytes:
    """A video of two seconds."""
    with TemporaryDirectory() as folder:
        return write_numbers(Path(folder) / "a.mp4", 10, size=(32, 32)).read_bytes()


def videos(folder: Path, *names: str) -> Path:
    """A folder with a video for every name, equal but for a byte that no decoder reads."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video_bytes() + bytes([0, 0, 0, 9]) + b"free" + bytes([number]))
    return folder
