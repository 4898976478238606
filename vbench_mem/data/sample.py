"""Square frames of a video file at given times. No torch.

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

from vbench_mem.data.times import FrameTimes, Sampling
from vbench_mem.data.video import BadVideo, CannotSeek, Video, as_bad_video, length_of

SQUARE = Fraction(1)


@dataclass(frozen=True)
class SampledFrames:
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
) -> SampledFrames:
    """`frames` square frames of a video or of its part from `start_s` to `end_s`.

    Each is the frame on the screen at its time: the last one shown at or before it. `first` takes
    `fps` for each second from the start on, `uniform` spreads the frames over the whole part. A
    part that ends sooner repeats its last frame. The shorter side is resized to `resolution_px` and
    the centre is cropped. Seeks over long gaps where the file has an index. Raises `BadVideo` that
    names the file when it is no video, breaks off, or ends before the part begins.
    """
    times = FrameTimes(frames=frames, fps=fps, sampling=sampling, start_s=start_s, end_s=end_s)
    with as_bad_video(path):
        try:
            return take(path, times, resolution_px, seek=True, threads=threads)
        except CannotSeek:
            return take(path, times, resolution_px, seek=False, threads=threads)


def take(
    path: Path, times: FrameTimes, resolution_px: int, *, seek: bool, threads: int
) -> SampledFrames:
    taken = np.empty((times.frames, resolution_px, resolution_px, 3), np.uint8)
    resize = VideoReformatter()  # reuses its filters for all frames
    taken_count = 0
    with av.open(path) as container:
        video = Video(path, container, seek=seek, threads=threads)
        length = None
        if times.sampling == "uniform":
            length = video.declared() or length_of(path)
        for seconds in times.seconds(length):
            shown = video.at(seconds)
            if shown is None:
                break
            taken[taken_count] = square(shown, resolution_px, resize, video.pixel_aspect)
            taken_count += 1
    if not taken_count:
        start_s = float(times.start)
        raise BadVideo(path, f"ends before {start_s:g} s, where its part begins")
    taken[taken_count:] = taken[taken_count - 1]
    return SampledFrames(taken, padded=times.frames - taken_count)


def square(
    frame: VideoFrame, side_px: int, resize: VideoReformatter, pixel_aspect: Fraction = SQUARE
) -> NDArray[np.uint8]:
    """Upright, resized so that the shorter side fits, and cropped to the centre: (side, side, 3).

    `pixel_aspect` is the width of the file's pixels over their height; the result has square ones.
    Bicubic in FFmpeg's scaler, which widens its filter when it shrinks, so that fine detail does
    not alias, and converts to RGB in the same pass.
    """
    shown = (frame.width * pixel_aspect, Fraction(frame.height))
    width, height = (max(side_px, round(size * side_px / min(shown))) for size in shown)
    # one thread: a batch has several files at once
    resized = resize.reformat(
        frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1
    )
    left, top = (width - side_px) // 2, (height - side_px) // 2
    pixels = resized.to_ndarray()[top : top + side_px, left : left + side_px]
    # phones store rotated pictures with the angle; degrees are anticlockwise
    return np.rot90(pixels, round(frame.rotation / 90))
