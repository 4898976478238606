"""The state of a training between two steps in one file, so that a killed one can resume.

Never unpickles code: tensors, numbers and text only. A file that is damaged or of another training
is ignored: a snapshot only saves time, and the training restarts with the same result.
"""

import hashlib
import time
from pathlib import Path
from typing import Any

import torch

from vbench_mem.base.files import CHUNK_BYTES, file_sha256, written_aside

SCHEMA = 1
DIGEST_BYTES = 64


class Snapshots:
    """One file, replaced at most every `every_s` seconds.

    definition  of everything that fixes the result; a snapshot with another one is ignored
    """

    def __init__(self, path: Path, definition: str, every_s: float) -> None:
        self.path, self.definition, self.every_s = path, definition, every_s
        self.last = time.monotonic()

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self.last >= self.every_s

    def save(self, state: dict[str, Any]) -> None:
        """Write tensors and plain data; a reader sees the former file or this one, never half.

        Raises `UsageError` where it cannot be written.
        """
        with written_aside(self.path) as aside:
            content = {"schema": SCHEMA, "definition": self.definition, "state": state}
            torch.save(content, aside)
            digest = file_sha256(aside)  # torch does not check what it reads back
            with aside.open("ab") as file:
                file.write(digest.encode())
        self.last = time.monotonic()

    def load(self) -> tuple[dict[str, Any] | None, str | None]:
        """The state or None, and the reason where an existing file was ignored."""
        for part in self.path.parent.glob(f".{self.path.name}.*.part"):
            part.unlink(missing_ok=True)  # an unfinished file of a killed process
        if not self.path.exists():
            return None, None
        if not is_whole(self.path):
            return None, f"{self.path.name} is damaged; started again"
        content = torch.load(self.path, map_location="cpu", weights_only=True)
        if (content["schema"], content["definition"]) != (SCHEMA, self.definition):
            return None, f"{self.path.name} is of another training; started again"
        return content["state"], None


def is_whole(path: Path) -> bool:
    """Are the last bytes the hash of the bytes before them?"""
    left = path.stat().st_size - DIGEST_BYTES
    found = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0:
            chunk = file.read(min(left, CHUNK_BYTES))
            left -= len(chunk)
            found.update(chunk)
        return left == 0 and file.read() == found.hexdigest().encode()
