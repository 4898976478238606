"""Finds the files of videos in a folder, by id with any container's extension. No torch.

The folder and those below it are listed once. Opens no file.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from vbench_mem.base.errors import UsageError

# Audio, subtitles and descriptions may lie beside videos under the same names: only these count.
CONTAINERS = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".mkv", ".webm", ".avi", ".divx"),
        *(".wmv", ".asf", ".flv", ".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".m2ts"),
        *(".mts", ".mxf", ".ogv", ".ogm", ".rm", ".rmvb", ".dv", ".nut", ".ivf", ".obu", ".y4m"),
        *(".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".gif"),
    )
)


class Videos:
    """The videos in a folder. Raises `UsageError` where there is no such folder."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: is not a folder; name the one that has the videos")
        self.folder = folder
        self.by_name: dict[str, list[Path]] = defaultdict(list)
        for path in files_below(folder):
            self.by_name[path.name].append(path)
            if path.suffix.lower() in CONTAINERS:
                self.by_name[path.stem].append(path)

    def find(self, id: str) -> Path | None:
        """The file with this name, with or without extension, or with another container's; None if
        missing. Raises `UsageError` where there are two."""
        name = Path(id)
        found = self.by_name.get(id, [])
        if not found and name.suffix.lower() in CONTAINERS:
            found = self.by_name.get(name.stem, [])
        if len(found) > 1:
            first, second = (path.relative_to(self.folder) for path in sorted(found)[:2])
            raise UsageError(
                f"{self.folder}: two files for {id}: {first} and {second}; keep one of them"
            )
        return found[0] if found else None


def files_below(folder: Path) -> Iterator[Path]:
    """All files that are not hidden, also through links; each folder is read once."""
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else [name for name in folders if name[0] != "."]
        names = [] if real in seen else names
        seen.add(real)
        yield from (Path(place, name) for name in names if name[0] != ".")
