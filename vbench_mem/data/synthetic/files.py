"""The files of a family: their names, and their pictures drawn and encoded. No torch."""

import csv
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vbench_mem.data.cache import cache_root
from vbench_mem.data.encode import write_video
from vbench_mem.data.synthetic.draw import draw
from vbench_mem.data.synthetic.families import FAMILIES, SIZES, definition_sha256, scenes
from vbench_mem.data.synthetic.pictures import Picture, Scene

FPS = 1
RUN = 24  # neighbours that one process makes, since they share pictures


def folder_of(family: str, size: str, seed: int = 0, root: Path | None = None) -> Path:
    """Where the files are or will be; its name ends in the hash of what is in it."""
    sha256 = definition_sha256(family, size, seed)
    return (root or cache_root()) / f"generated-{family}-{size}-{sha256[:12]}"


def file_name(split: str, number: int) -> str:
    """Of a split's clip, relative to the family's folder."""
    return f"{split}/{number:05}.mp4"


def named_clips(family: str, size: str, seed: int) -> Iterator[tuple[str, Scene]]:
    for split, clips in scenes(family, size, seed).items():
        for number, clip in enumerate(clips):
            yield file_name(split, number), clip


def drawing(size: str) -> Callable[[Picture], NDArray[np.uint8]]:
    """Draws for this size, and keeps what it drew last."""
    return lru_cache(maxsize=64)(lambda picture: draw(picture, SIZES[size]))


def write_captions(family: str, size: str, seed: int, folder: Path) -> None:
    """A folder for the clips of each split, and beside it their caption file."""
    for split, clips in scenes(family, size, seed).items():
        (folder / split).mkdir()
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(["path", "caption"])
            for number, clip in enumerate(clips):
                writer.writerow([file_name(split, number), clip.caption])


def write_clips(
    family: str, size: str, seed: int, folder: Path, part: int = 0, parts: int = 1
) -> Iterator[None]:
    """Writes the clips of one part of all, and comes back after each."""
    picture = drawing(size)
    clips = named_clips(family, size, seed)
    for number in count():
        run = list(islice(clips, RUN))
        if not run:
            return
        if number % parts == part:
            for name, clip in run:
                frames = map(picture, clip.pictures())
                write_video(folder / name, frames, FPS, FAMILIES[family].encoding)
                yield
