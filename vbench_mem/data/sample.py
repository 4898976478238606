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

from vbench_mem.data.times import Sampling, Wanted
from vbench_mem.data.video import BadVideo, CannotJump, Video, length_of, naming

SQUARE = Fraction(1)


@dataclass(frozen=True)
class Sampled:
    """The last `padded` of the `frames` (T, H, W, 3, uint8) repeat the one before them."""

    frames: NDArray[np.uint8]
    padded: int


def sample(
    path: Path,
    frames: int,
    fps: float,
    resolution_px: int,
    threads: int = 1,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    sampling: Sampling = "first",
) -> Sampled:
    """`frames` square frames of a video or of its part from `start_s` to `end_s`.

    Each is the frame on the screen at its time: the last one shown at or before it. `first` takes
    `fps` for each second from the start on, `uniform` spreads what it takes of these over the whole
    part. A part that ends sooner repeats the last frame taken from it. The shorter side is resized
    to `resolution_px` and the middle is cut out. Jumps over what is not asked for, where the file
    has an index. Raises `BadVideo` that names the file when it is no video, breaks off, or is over
    before the part begins.
    """
    wanted = Wanted(frames=frames, fps=fps, sampling=sampling, start_s=start_s, end_s=end_s)
    with naming(path):
        try:
            return take(path, wanted, resolution_px, jump=True, threads=threads)
        except CannotJump:
            return take(path, wanted, resolution_px, jump=False, threads=threads)


def take(path: Path, wanted: Wanted, resolution_px: int, *, jump: bool, threads: int) -> Sampled:
    taken = np.empty((wanted.frames, resolution_px, resolution_px, 3), np.uint8)
    resize = VideoReformatter()  # keeps its filters from frame to frame
    there = 0
    with av.open(path) as container:
        video = Video(path, container, jump=jump, threads=threads)
        length = None
        if wanted.sampling == "uniform":
            length = video.declared() or length_of(path)
        for seconds in wanted.times(length):
            shown = video.at(seconds)
            if shown is None:
                break
            taken[there] = square(shown, resolution_px, resize, video.pixel_aspect)
            there += 1
    if not there:
        start_s = float(wanted.start)
        raise BadVideo(path, f"is over before {start_s:g} s, where its part begins")
    taken[there:] = taken[there - 1]
    return Sampled(taken, padded=wanted.frames - there)


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
