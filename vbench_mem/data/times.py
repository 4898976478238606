"""The times at which frames are taken from a video, in exact arithmetic. No torch."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

Sampling = Literal["first", "uniform"]


def exact(seconds: float) -> Fraction:
    """The decimal number exactly: 0.1 is a tenth."""
    return Fraction(str(seconds))


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    """`frames` of those at `fps` from `start_s` to `end_s`; None is the end of the file.

    sampling  `first`: the first ones. `uniform`: spread evenly over all of them, the first and the
              last included; all of them where there are fewer

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

    def seconds(self, length: Fraction | None = None) -> list[Fraction]:
        """Seconds from the file's first frame, ascending: at least one, at most `frames`.

        `length` is that of the whole file, needed for `uniform`; `first` uses `end_s` alone, since
        the end of a file is known only after decoding.
        """
        rate = exact(self.fps)
        numbers = list(range(self.frames))
        if self.sampling == "uniform":
            assert length is not None
            end = length if self.end_s is None else min(length, exact(self.end_s))
            available = max(1, ceil((end - self.start) * rate))
            if available > self.frames:
                last = max(self.frames - 1, 1)
                numbers = [number * (available - 1) // last for number in numbers]
        times = [self.start + number / rate for number in numbers]
        if self.end_s is None:
            return times
        return [time for time in times if time < exact(self.end_s)] or times[:1]
