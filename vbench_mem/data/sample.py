"""Takes the frames shown at wanted times out of a video file, in bounded memory. No torch.

Legend: H W pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vbench_mem.errors import UsageError

SEEK_GAP_S = 10  # further than a usual distance of key frames: jumping beats decoding through


@dataclass(frozen=True)
class Sampled:
    """The last `padded` of the `frames` (T, H, W, 3, uint8) repeat the one before them."""

    frames: NDArray[np.uint8]
    padded: int


def wanted_times(frames: int, fps: float) -> list[Fraction]:
    """Seconds from the first frame on: 0, 1 / fps, 2 / fps, ... in exact arithmetic."""
    step = 1 / Fraction(str(fps))
    return [number * step for number in range(frames)]


def sample(path: Path, frames: int, fps: float, resolution_px: int) -> Sampled:
    """`frames` square frames of a video, `fps` for each second of it, from its start.

    Each is the frame on the screen at its time: the last one shown at or before it. A video that
    ends sooner repeats the last frame taken from it. The shorter side is resized (bicubic, with the prefilter
    that reducing needs) to `resolution_px` and the middle is cut out.
    Raises `UsageError` that names the file when it is no video or breaks off.
    """
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise UsageError(f"{path}: has no video stream")
            pictures = [
                square(shown, resolution_px)
                for shown in shown_at(container, wanted_times(frames, fps))
            ]
    except (av.error.FFmpegError, OSError) as error:
        raise UsageError(f"{path}: cannot be decoded as a video ({error})") from error
    if not pictures:
        raise UsageError(f"{path}: has no frames")
    padded = frames - len(pictures)
    pictures += [pictures[-1]] * padded
    return Sampled(np.stack(pictures), padded)


def shown_at(container: InputContainer, wanted: list[Fraction]) -> Iterator[VideoFrame]:
    """The frame shown at each wanted time, ascending; none for times after the end.

    Holds two frames at the most, whatever the length of the video.
    """
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    timed = times(container, stream)
    shown, start = next(timed, (None, Fraction(0)))
    until = start
    for want in wanted:
        time = start + want
        if shown is None:
            return
        if time - until > SEEK_GAP_S and stream.time_base:
            container.seek(int(time / stream.time_base), stream=stream)
            timed = times(container, stream)
            shown, until = next(timed, (shown, until))
        # `ahead` is the first frame after the wanted time, if there is one
        ahead = None
        for frame, at in timed:
            if at > time:
                ahead = (frame, at)
                break
            shown, until = frame, at
        if ahead is None and time >= until + length(shown, stream):
            return
        yield shown
        if ahead is not None:
            timed = chain_one(ahead, timed)


def chain_one(
    first: tuple[VideoFrame, Fraction], rest: Iterator[tuple[VideoFrame, Fraction]]
) -> Iterator[tuple[VideoFrame, Fraction]]:
    yield first
    yield from rest


def times(container: InputContainer, stream: VideoStream) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Frames with their times in seconds; a frame without one follows the frame before it."""
    after = Fraction(0)
    for frame in container.decode(stream):
        at = after
        if frame.pts is not None and frame.time_base is not None:
            at = frame.pts * frame.time_base
        yield frame, at
        after = at + length(frame, stream)


def length(frame: VideoFrame, stream: VideoStream) -> Fraction:
    """Seconds that a frame is shown: as the file says, else by the average rate."""
    if frame.duration and frame.time_base is not None:
        return frame.duration * frame.time_base
    rate = stream.average_rate or stream.guessed_rate
    return 1 / Fraction(rate) if rate else Fraction(0)


def square(frame: VideoFrame, side_px: int) -> NDArray[np.uint8]:
    """Upright, resized so that the shorter side fits, and the middle cut out: (side, side, 3)."""
    scale = Fraction(side_px, min(frame.width, frame.height))
    width, height = (max(side_px, round(size * scale)) for size in (frame.width, frame.height))
    resized = frame.reformat(width, height, "rgb24", interpolation=Interpolation.BICUBIC)
    left, top = (width - side_px) // 2, (height - side_px) // 2
    pixels = resized.to_ndarray()[top : top + side_px, left : left + side_px]
    # phones store a picture lying on its side and say so; degrees count against the clock
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
