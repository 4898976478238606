"""A set of videos and captions, from any file or generator. No torch.

One type for a generated task, a split of a published benchmark and a caption file. Training uses
its pairs, evaluation its captions as queries and its clips as the gallery.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One candidate of a gallery: a video file, or the part of one from `start_s` to `end_s`."""

    id: str
    path: Path
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Caption:
    """One query: its text, and the numbers of the clips that are right answers.

    grades  how right each of `clips` is, above 0; none means that all are equally right
    """

    text: str
    clips: tuple[int, ...]
    grades: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A clip or caption of the source that the benchmark leaves out, and why."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TaskCeiling:
    """The highest score of any encoder of a kind, with any training.

    kind               `frame-order-invariant`, `one-frame`, `first-16-frames`
    metric             recall at 1, from 0 to 1
    value              with ties counted against the encoder
    random_ties_value  the expected value with ties broken at random
    reason             what such an encoder cannot distinguish, in one line
    """

    kind: str
    metric: str
    value: float
    random_ties_value: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Clips and captions of one split, in the order of the source.

    name      as scores name it: `msr-vtt`, `youcook2`, `generated-temporal`
    split     `test-1k-a`, `validation`, `train`, `held-out`
    protocol  short name, then anything after a semicolon: `zero-shot; one caption a video`
    dropped   clips or captions that were left out, each with its reason
    sha256    hash of captions, relevance and of the videos' bytes or sizes; goes into scores
    ceilings  by kind of encoder (`frame-order-invariant`), the T2V R@1 that no encoder of that kind
              can exceed; only where it can be proved
    """

    name: str
    split: str
    protocol: str
    clips: tuple[Clip, ...]
    captions: tuple[Caption, ...]
    sha256: str
    dropped: tuple[Dropped, ...] = ()
    ceilings: tuple[tuple[str, float], ...] = ()

    @property
    def gallery_size(self) -> int:
        return len(self.clips)

    def pairs(self) -> Iterator[tuple[Clip, str]]:
        """Every caption with every clip that it is right for."""
        for caption in self.captions:
            for number in caption.clips:
                yield self.clips[number], caption.text
