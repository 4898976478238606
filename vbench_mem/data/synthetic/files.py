"""The files of a task: their names, and their pictures drawn and encoded. No torch."""

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
from vbench_mem.data.synthetic.pictures import Picture
from vbench_mem.data.synthetic.tasks import SIZES, TASKS, clips_by_split, definition_sha256

FPS = 1
RUN = 24  # consecutive clips that one process makes, since they share pictures


def folder_of(task: str, size: str, seed: int = 0, root: Path | None = None) -> Path:
    """The folder of the files; its name ends in the hash of its contents."""
    sha256 = definition_sha256(task, size, seed)
    return (root or cache_root()) / f"generated-{task}-{size}-{sha256[:12]}"


def file_name(split: str, number: int) -> str:
    """Of a split's clip, relative to the task's folder."""
    return f"{split}/{number:05}.mp4"


def drawing(size: str) -> Callable[[Picture], NDArray[np.uint8]]:
    """A function that draws for this size and caches the latest pictures."""
    return lru_cache(maxsize=64)(lambda picture: draw(picture, SIZES[size]))


def write_captions(task: str, size: str, seed: int, folder: Path) -> None:
    """A folder for the clips of each split, and beside it their caption file."""
    for split, clips in clips_by_split(task, size, seed).items():
        (folder / split).mkdir()
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(["path", "caption"])
            for number, clip in enumerate(clips):
                writer.writerow([file_name(split, number), clip.caption])


def write_clips(
    task: str, size: str, seed: int, folder: Path, part: int = 0, parts: int = 1
) -> Iterator[None]:
    """Write the clips of one part of `parts`; yields after each."""
    picture = drawing(size)
    clips = (
        (file_name(split, number), clip)
        for split, clips in clips_by_split(task, size, seed).items()
        for number, clip in enumerate(clips)
    )
    for number in count():
        run = list(islice(clips, RUN))
        if not run:
            return
        if number % parts == part:
            for name, clip in run:
                frames = map(picture, clip.pictures())
                write_video(folder / name, frames, FPS, TASKS[task].encoding)
                yield
