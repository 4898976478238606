"""Upper bounds on the scores of encoders that see only part of a clip, computed from its pictures.

Clips that look the same to an encoder get the same embedding and the same rank for every caption.
Nothing is assumed about how a task is built: clips look the same where their pixels are the same.
Video encoding adds no information, so that bounds for the pictures hold for the files.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from operator import itemgetter

from vbench_mem.data.benchmark import TaskCeiling
from vbench_mem.data.synthetic import long
from vbench_mem.data.synthetic.files import drawing
from vbench_mem.data.synthetic.pictures import Picture, SyntheticClip
from vbench_mem.data.synthetic.tasks import check_split, clips_by_split, known_task, right_answers

T2V, V2T = "t2v_recall_at_1", "v2t_recall_at_1"
TUBELETS = (2, 4)
Frames = tuple[bytes, ...]  # a hash of each frame's pixels


@dataclass(frozen=True)
class View:
    """What an encoder of a kind sees of a clip's frames."""

    kind: str
    of: Callable[[Frames], Hashable]
    what: str


def bounds(
    looks: Sequence[Hashable], right: Sequence[Sequence[int]]
) -> dict[str, tuple[float, float]]:
    """By metric, the most that can be reached with ties against the encoder and at random.

    looks  of each clip: two with the same look cannot be told apart
    right  of each caption, the clips that are right answers

    From text to video a caption's best choice is the look of whose clips the largest share is
    right; with ties against the encoder all of them must be. From video to text the clips of a look
    get the same first caption, which is right for so many of them; there no tie is left.
    """
    alike = Counter(looks)
    hits = chances = Fraction(0)
    reached = dict.fromkeys(alike, 0)
    for clips in right:
        found = Counter(looks[clip] for clip in clips)
        best = max(Fraction(count, alike[look]) for look, count in found.items())
        hits, chances = hits + (best == 1), chances + best
        for look, count in found.items():
            reached[look] = max(reached[look], count)
    v2t = sum(reached.values()) / len(looks)
    return {T2V: (float(hits / len(right)), float(chances / len(right))), V2T: (v2t, v2t)}


def first(count: int, frames: Frames) -> Hashable:
    return frames[:count]


def tubelets(size: int, frames: Frames) -> Hashable:
    return tuple(sorted(frames[at : at + size] for at in range(0, len(frames), size)))


def views(task: str, frames: int) -> Iterator[View]:
    """The kinds of encoders that a task distinguishes, for encoders of `frames` frames."""
    if task.startswith("long"):
        shorter = {*long.LEVELS, frames} - {known_task(task).frames}
        for count in sorted(count for count in shorter if count <= frames):
            yield View(f"first-{count}-frames", partial(first, count), f"the first {count} frames")
        return
    yield View("frame-order-invariant", partial(tubelets, 1), "the frames in any order")
    if task == "temporal":
        for size in TUBELETS:
            kind, what = f"tubelet-{size}-order-invariant", f"tubelets of {size} in any order"
            yield View(kind, partial(tubelets, size), what)


def one_frame(clips: Sequence[Frames], right: Sequence[Sequence[int]]) -> View:
    """The most informative frame, for encoders that see the same one of every clip."""

    def recall(place: int) -> float:
        return bounds([clip[place] for clip in clips], right)[T2V][1]

    place = max(range(len(clips[0])), key=recall)
    return View("one-frame", itemgetter(place), f"frame {place + 1}, the most informative one")


def hashed(clips: Sequence[SyntheticClip], size: str, frames: int) -> list[Frames]:
    """The frames of each clip; a shorter clip repeats its last one."""
    draw = drawing(size)

    @cache
    def pixels(picture: Picture) -> bytes:
        return hashlib.sha256(draw(picture).tobytes()).digest()

    found = []
    for clip in clips:
        shown = [pixels(picture) for picture in clip.pictures()[:frames]]
        found.append((*shown, *shown[-1:] * (frames - len(shown))))
    return found


@cache  # takes a second or two: every picture is drawn
def ceilings(
    task: str, size: str, split: str, frames: int | None = None, seed: int = 0
) -> tuple[TaskCeiling, ...]:
    """For an encoder that is given the first `frames` frames at 1 frame per second, or all.

    Makes no files. Raises `UsageError` for unknown names.
    """
    check_split(split)
    frames = frames or known_task(task).frames
    split_clips = clips_by_split(task, size, seed)[split]
    right = list(right_answers(clip.caption for clip in split_clips).values())
    clips = hashed(split_clips, size, frames)
    kinds = list(views(task, frames))
    if not task.startswith("long"):
        kinds.append(one_frame(clips, right))
    found = []
    for view in kinds:
        looks = [view.of(clip) for clip in clips]
        for metric, (value, random) in bounds(looks, right).items():
            ceiling = TaskCeiling(
                kind=view.kind,
                metric=metric,
                value=value,
                random_ties_value=random,
                reason=f"{view.what}: {describe_looks(looks)}",
            )
            found.append(ceiling)
    return tuple(found)


def describe_looks(looks: Sequence[Hashable]) -> str:
    alike = Counter(looks)
    if len(alike) == len(looks):
        return f"all {len(looks):,} clips look unlike"
    if len(alike) == 1:
        return f"all {len(looks):,} clips look alike"
    few, most = min(alike.values()), max(alike.values())
    each = f"{few:,}" if few == most else f"{few:,} to {most:,}"
    return f"{len(looks):,} clips have {len(alike):,} looks, {each} clips the same one"
