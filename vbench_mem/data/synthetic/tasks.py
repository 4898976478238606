"""The tasks by name, their sizes and splits, and a hash of what they show. Makes no files."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.data.synthetic import long, spatial, temporal
from vbench_mem.data.synthetic.pictures import COLOURS, SyntheticClip

DRAWING = 1  # increased when the same pictures are drawn in another way
# sides are multiples of H.264's 16 px blocks: on others x264's output is not reproducible
SIZES = {"tiny": 48, "small": 48, "large": 128}
# the pictures of every 100th clip are hashed too: a change of a size or place changes many
HASHED_EVERY = 100
SPLITS = ("train", "held-out")
# Every frame a key frame with one quantiser: what is decoded depends on the frame's picture alone.
INTRA = {"preset": "veryfast", "threads": "1", "qp": "20", "g": "1", "bf": "0"}
# Only frames that came before are looked at: clips alike up to a frame are decoded alike up to it.
CAUSAL = INTRA | {"g": "64", "x264-params": "scenecut=0:rc-lookahead=0:weightp=0"}
Splits = dict[str, tuple[SyntheticClip, ...]]


@dataclass(frozen=True)
class Task:
    """A task of the generated benchmark.

    splits    from size and seed, the clips of each split
    frames    of the longest clip, one a second
    about     what its captions describe
    encoding  x264's options
    """

    splits: Callable[[str, int], Mapping[str, Sequence[SyntheticClip]]]
    frames: int
    about: str
    encoding: dict[str, str]


def long_task(*levels: int) -> Task:
    *others, last = map(str, levels)
    frames = f"{', '.join(others)} or {last}" if others else last
    return Task(
        partial(long.splits, levels=levels),
        2 * max(levels),
        f"what comes after {frames} frames",
        CAUSAL,
    )


TASKS = {
    "spatial": Task(spatial.splits, spatial.FRAMES, "who and where, in every frame", INTRA),
    "temporal": Task(temporal.splits, temporal.FRAMES, "in which order and which way", INTRA),
    "long": long_task(*long.LEVELS),
    **{f"long-{level}": long_task(level) for level in long.LEVELS},
}


def known_task(name: str) -> Task:
    """Raises `UsageError` for an unknown name."""
    if name not in TASKS:
        raise UsageError(f"no generated task called '{name}'{nearest(name, TASKS)}")
    return TASKS[name]


def check_size(size: str) -> None:
    if size not in SIZES:
        raise UsageError(f"no size called '{size}' of a generated task{nearest(size, SIZES)}")


def check_split(split: str) -> None:
    if split not in SPLITS:
        raise UsageError(f"no split called '{split}' of a generated task{nearest(split, SPLITS)}")


@cache
def clips_by_split(task: str, size: str, seed: int = 0) -> Splits:
    """The clips of each split. Raises `UsageError` for an unknown task or size."""
    found = known_task(task)
    check_size(size)
    return {split: tuple(clips) for split, clips in found.splits(size, seed).items()}


@cache
def definition_sha256(task: str, size: str, seed: int = 0) -> str:
    """Hash of the contents and captions of all clips, computed without making them.

    Part of their folder's name and of a cell's id.
    """
    splits = clips_by_split(task, size, seed)
    facts = DRAWING, COLOURS, SIZES[size], TASKS[task].encoding
    found = hashlib.sha256(repr(facts).encode())
    for split, clips in sorted(splits.items()):
        for clip in clips:
            found.update(f"{split} {clip!r} {clip.caption}\n".encode())
        for clip in clips[::HASHED_EVERY]:
            found.update(repr(clip.pictures()).encode())
    return found.hexdigest()


def right_answers(captions: Iterable[str]) -> dict[str, list[int]]:
    """Each distinct caption with the numbers of the clips that have it."""
    found: dict[str, list[int]] = {}
    for number, caption in enumerate(captions):
        found.setdefault(caption, []).append(number)
    return found
