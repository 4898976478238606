"""What an encoder that does not see everything can reach at most, computed from the pictures shown.

Clips that look alike to an encoder get one embedding, so that it ranks them as one for any caption.
Nothing is assumed of how a family is built: clips are alike where the bytes of what they show are.
Encoding adds nothing to the pictures, so what holds for these holds for the files.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from operator import itemgetter

from vbench_mem.data.synthetic import long
from vbench_mem.data.synthetic.families import check_split, known_family, right_answers, scenes
from vbench_mem.data.synthetic.files import drawing
from vbench_mem.data.synthetic.pictures import Picture, Scene

T2V, V2T = "t2v_recall_at_1", "v2t_recall_at_1"
TUBELETS = (2, 4)
Frames = tuple[bytes, ...]  # a hash of each frame's pixels


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """No encoder of a kind scores above it, however it is trained.

    kind               `frame-order-invariant`, `one-frame`, `first-16-frames`
    metric             recall at 1, from 0 to 1
    value              where ties count against the encoder
    random_ties_value  the most to be expected where chance, or rounding, breaks ties
    reason             what such an encoder cannot tell apart, in one line
    """

    kind: str
    metric: str
    value: float
    random_ties_value: float
    reason: str


@dataclass(frozen=True)
class View:
    """What an encoder of a kind has of a clip's frames, in an order that is not the clip's own."""

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


def views(family: str, frames: int) -> Iterator[View]:
    """The kinds that a family is made to tell apart, for an encoder of so many frames."""
    if family.startswith("long"):
        shorter = {*long.LEVELS, frames} - {known_family(family).frames}
        for count in sorted(count for count in shorter if count <= frames):
            yield View(f"first-{count}-frames", partial(first, count), f"the first {count} frames")
        return
    yield View("frame-order-invariant", partial(tubelets, 1), "the frames in any order")
    if family == "temporal":
        for size in TUBELETS:
            kind, what = f"tubelet-{size}-order-invariant", f"tubelets of {size} in any order"
            yield View(kind, partial(tubelets, size), what)


def one_frame(clips: Sequence[Frames], right: Sequence[Sequence[int]]) -> View:
    """The frame that tells most, where of every clip the same one is seen."""

    def told(place: int) -> float:
        return bounds([clip[place] for clip in clips], right)[T2V][1]

    place = max(range(len(clips[0])), key=told)
    return View("one-frame", itemgetter(place), f"frame {place + 1}, which tells most")


def hashed(clips: Sequence[Scene], size: str, frames: int) -> list[Frames]:
    """The frames of each clip; a clip that ends sooner repeats its last one."""
    draw = drawing(size)

    @cache
    def pixels(picture: Picture) -> bytes:
        return hashlib.sha256(draw(picture).tobytes()).digest()

    found = []
    for clip in clips:
        shown = [pixels(picture) for picture in clip.pictures()[:frames]]
        found.append((*shown, *shown[-1:] * (frames - len(shown))))
    return found


def ceilings(
    family: str, size: str, split: str, frames: int | None = None, seed: int = 0
) -> tuple[Ceiling, ...]:
    """For an encoder that is given the first `frames` frames at 1 frame per second, or all.

    Makes no files. Raises `UsageError` for unknown names.
    """
    check_split(split)
    return computed(family, size, split, frames or known_family(family).frames, seed)


@cache  # a second or two: every picture is drawn
def computed(family: str, size: str, split: str, frames: int, seed: int) -> tuple[Ceiling, ...]:
    scenes_shown = scenes(family, size, seed)[split]
    right = list(right_answers(clip.caption for clip in scenes_shown).values())
    clips = hashed(scenes_shown, size, frames)
    kinds = list(views(family, frames))
    if not family.startswith("long"):
        kinds.append(one_frame(clips, right))
    found = []
    for view in kinds:
        looks = [view.of(clip) for clip in clips]
        for metric, (value, random) in bounds(looks, right).items():
            ceiling = Ceiling(
                kind=view.kind,
                metric=metric,
                value=value,
                random_ties_value=random,
                reason=f"{view.what}: {counted(looks)}",
            )
            found.append(ceiling)
    return tuple(found)


def counted(looks: Sequence[Hashable]) -> str:
    alike = Counter(looks)
    if len(alike) == len(looks):
        return f"all {len(looks):,} clips look unlike"
    if len(alike) == 1:
        return f"all {len(looks):,} clips look alike"
    few, most = min(alike.values()), max(alike.values())
    each = f"{few:,}" if few == most else f"{few:,} to {most:,}"
    return f"{len(looks):,} clips have {len(alike):,} looks, {each} clips the same one"
