"""At which seconds frames are taken from a video, in exact arithmetic. Opens no file. No torch."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

Sampling = Literal["first", "uniform"]


def exact(seconds: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(str(seconds))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`frames` of those that `fps` gives from `start_s` to `end_s`; None is the end of the file.

    sampling  `first`: from the start on, one after another. `uniform`: spread evenly over all of
              them, the first and the last included; all where there are no more

    Source:  `uniform` is `slice_framepos` 2 of the dataloaders of CLIP4Clip.
    """

    frames: int
    fps: float
    sampling: Sampling = "first"
    start_s: float | None = None
    end_s: float | None = None

    @property
    def start(self) -> Fraction:
        return exact(self.start_s or 0)

    def times(self, length: Fraction | None = None) -> list[Fraction]:
        """Seconds from the file's first frame, ascending: at least one, at most `frames`.

        `length` is that of the whole file, and needed for `uniform`; `first` looks no further than
        `end_s`, since only decoding tells where a file ends.
        """
        rate = exact(self.fps)
        numbers = list(range(self.frames))
        if self.sampling == "uniform":
            assert length is not None
            end = length if self.end_s is None else min(length, exact(self.end_s))
            there = max(1, ceil((end - self.start) * rate))
            if there > self.frames:
                last = max(self.frames - 1, 1)
                numbers = [number * (there - 1) // last for number in numbers]
        times = [self.start + number / rate for number in numbers]
        if self.end_s is None:
            return times
        return [time for time in times if time < exact(self.end_s)] or times[:1]
