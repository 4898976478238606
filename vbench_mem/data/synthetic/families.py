"""The families by name, their sizes and splits, and a hash of what they show. Makes no files."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.data.synthetic import long, spatial, temporal
from vbench_mem.data.synthetic.pictures import COLOURS, Scene

DRAWING = 1  # raised when the same pictures are drawn in another way
# sides are multiples of H.264's 16 px blocks: x264 does not repeat itself to the bit on others
SIZES = {"tiny": 48, "small": 48, "large": 128}
APART = 100  # of clips whose pictures are hashed too: where one size or place changes, many do
SPLITS = ("train", "held-out")
# Every frame a key frame with one quantiser: what is decoded depends on the frame's picture alone.
INTRA = {"preset": "veryfast", "threads": "1", "qp": "20", "g": "1", "bf": "0"}
# Only frames that came before are looked at: clips alike up to a frame are decoded alike up to it.
CAUSAL = INTRA | {"g": "64", "x264-params": "scenecut=0:rc-lookahead=0:weightp=0"}
Splits = dict[str, tuple[Scene, ...]]


@dataclass(frozen=True)
class Family:
    """
    frames    of the longest clip, one a second
    about     what its captions tell
    encoding  x264's options
    """

    splits: Callable[[str, int], Mapping[str, Sequence[Scene]]]
    frames: int
    about: str
    encoding: dict[str, str]


def waiting(*levels: int) -> Family:
    *others, last = map(str, levels)
    frames = f"{', '.join(others)} or {last}" if others else last
    return Family(
        partial(long.splits, levels=levels),
        2 * max(levels),
        f"what comes after {frames} frames",
        CAUSAL,
    )


FAMILIES = {
    "spatial": Family(spatial.splits, spatial.FRAMES, "who and where, in every frame", INTRA),
    "temporal": Family(temporal.splits, temporal.FRAMES, "in which order and which way", INTRA),
    "long": waiting(*long.LEVELS),
    **{f"long-{level}": waiting(level) for level in long.LEVELS},
}


def known_family(name: str) -> Family:
    """Raises `UsageError` for a name that is none."""
    if name not in FAMILIES:
        raise UsageError(f"no generated family called '{name}'{nearest(name, FAMILIES)}")
    return FAMILIES[name]


def check_size(size: str) -> None:
    if size not in SIZES:
        raise UsageError(f"no size called '{size}' of a generated family{nearest(size, SIZES)}")


def check_split(split: str) -> None:
    if split not in SPLITS:
        raise UsageError(f"no split called '{split}' of a generated family{nearest(split, SPLITS)}")


@cache
def scenes(family: str, size: str, seed: int = 0) -> Splits:
    """The clips of each split. Raises `UsageError` for a family or a size that is none."""
    found = known_family(family)
    check_size(size)
    return {split: tuple(clips) for split, clips in found.splits(size, seed).items()}


@cache
def definition_sha256(family: str, size: str, seed: int = 0) -> str:
    """Hash of all that the clips show and tell, known without making them.

    It names their folder and goes into a cell's id.
    """
    splits = scenes(family, size, seed)
    facts = DRAWING, COLOURS, SIZES[size], FAMILIES[family].encoding
    found = hashlib.sha256(repr(facts).encode())
    for split, clips in sorted(splits.items()):
        for clip in clips:
            found.update(f"{split} {clip!r} {clip.caption}\n".encode())
        for clip in clips[::APART]:
            found.update(repr(clip.pictures()).encode())
    return found.hexdigest()


def right_answers(captions: Iterable[str]) -> dict[str, list[int]]:
    """Each distinct caption with the numbers of the clips that have it."""
    found: dict[str, list[int]] = {}
    for number, caption in enumerate(captions):
        found.setdefault(caption, []).append(number)
    return found
