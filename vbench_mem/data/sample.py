"""Square frames at wanted times out of a video file. No torch.

Legend: H W pixels.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from vbench_mem.data.video import REMEDY, CannotJump, Video
from vbench_mem.errors import UsageError

SQUARE = Fraction(1)


@dataclass(frozen=True)
class Sampled:
    """The last `padded` of the `frames` (T, H, W, 3, uint8) repeat the one before them."""

    frames: NDArray[np.uint8]
    padded: int


def wanted_times(frames: int, fps: float) -> list[Fraction]:
    """Seconds from the first frame on: 0, 1 / fps, 2 / fps, ... in exact arithmetic."""
    step = 1 / Fraction(str(fps))
    return [number * step for number in range(frames)]


def sample(path: Path, frames: int, fps: float, resolution_px: int, threads: int = 1) -> Sampled:
    """`frames` square frames of a video, `fps` for each second of it, from its start.

    Each is the frame on the screen at its time: the last one shown at or before it. A video that
    ends sooner repeats the last frame taken from it. The shorter side is resized to
    `resolution_px` and the middle is cut out. Raises `UsageError` that names the file when it is
    no video or breaks off.
    """
    times = wanted_times(frames, fps)
    try:
        try:
            return take(path, times, resolution_px, jump=True, threads=threads)
        except CannotJump:
            return take(path, times, resolution_px, jump=False, threads=threads)
    except MemoryError:  # FFmpeg's own is one of its errors too, and is no fault of the file
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise UsageError(
            f"{path}: cannot be decoded as a video ({error.strerror}); {REMEDY}"
        ) from error


def take(
    path: Path, times: list[Fraction], resolution_px: int, *, jump: bool, threads: int
) -> Sampled:
    taken = np.empty((len(times), resolution_px, resolution_px, 3), np.uint8)
    resize = VideoReformatter()  # keeps its filters from frame to frame
    with av.open(path) as container:
        video = Video(path, container, jump=jump, threads=threads)
        for number, seconds in enumerate(times):
            shown = video.at(seconds)
            if shown is None:  # never the first time, 0: a video that opens has one frame
                taken[number:] = taken[number - 1]
                return Sampled(taken, padded=len(times) - number)
            taken[number] = square(shown, resolution_px, resize, video.pixel_aspect)
    return Sampled(taken, padded=0)


def square(
    frame: VideoFrame, side_px: int, resize: VideoReformatter, pixel_aspect: Fraction = SQUARE
) -> NDArray[np.uint8]:
    """Upright, resized so that the shorter side fits, and the middle cut out: (side, side, 3).

    `pixel_aspect` is the width of the file's pixels over their height; the result has square ones.
    Bicubic in FFmpeg's scaler, which widens its filter where it reduces, so that fine detail does
    not alias, and goes from the decoder's colours to RGB in the same pass.
    """
    shown = (frame.width * pixel_aspect, Fraction(frame.height))
    width, height = (max(side_px, round(size * side_px / min(shown))) for size in shown)
    # one thread: a batch has several files at once
    resized = resize.reformat(
        frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1
    )
    left, top = (width - side_px) // 2, (height - side_px) // 2
    pixels = resized.to_ndarray()[top : top + side_px, left : left + side_px]
    # phones store a picture lying on its side and say so; degrees count against the clock
    return np.rot90(pixels, round(frame.rotation / 90))
