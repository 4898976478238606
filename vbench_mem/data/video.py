"""Reads one video file and returns the frame that is on the screen at a time. No torch.

Holds at most two decoded frames, for videos of any length, and seeks over long gaps.
A file that ends before the length in its header is an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vbench_mem.base.errors import UsageError

SEEK_GAP_S = 10  # above the usual distance of key frames, where seeking is faster than decoding
# seek this much too short: an index may hold the times of decoding, not of showing
SEEK_MARGIN_S = 1
MAX_SHORTFALL_S = 1  # a file that ends sooner than it says by more than this is cut off
FIX = "copy or encode it again, or remove its rows from the caption file"


class BadVideo(UsageError):
    """A file that cannot be used, in one sentence; `reason` is the same in a few words."""

    def __init__(self, path: Path, reason: str, fix: str = FIX) -> None:
        super().__init__(f"{path}: {reason}; {fix}")
        self.reason = reason


class CannotSeek(Exception):
    """The file's index is missing or wrong; it has to be decoded from its start."""


@contextmanager
def as_bad_video(path: Path) -> Iterator[None]:
    """Raises `BadVideo` for errors of FFmpeg and of the system."""
    try:
        yield
    except MemoryError:  # FFmpeg's is an FFmpegError too, but not an error of the file
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise BadVideo(path, f"cannot be decoded as a video ({error.strerror})") from error


class Video:
    """An open file; `at` takes ascending times in seconds since its first frame.

    Raises `BadVideo`, which names the file, when it has no pictures or breaks off, and `CannotSeek`
    when `seek` is true and a seek went wrong: then open it again with `seek` false.
    """

    def __init__(
        self, path: Path, container: InputContainer, *, seek: bool = True, threads: int = 1
    ) -> None:
        self.path, self.container, self.seek = path, container, seek
        self.stream = first_video_stream(path, container)
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = threads
        self.walk = self.frames(after=Fraction(0))
        first = next(self.walk, None)
        if first is None:
            raise BadVideo(path, "has no frame that can be decoded")
        self.shown, self.start = first
        self.since = self.start
        self.ahead = next(self.walk, None)  # the frame after the one shown

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of one pixel; square where the file has no ratio."""
        return self.stream.sample_aspect_ratio or Fraction(1)

    def at(self, seconds: Fraction) -> VideoFrame | None:
        """The last frame shown at or before the time, or None when the video has ended."""
        time = self.start + seconds
        if self.seek and self.ahead is not None and time - self.since > SEEK_GAP_S:
            self.seek_to(time)
        while self.ahead is not None and self.ahead[1] <= time:
            self.shown, self.since = self.ahead
            self.ahead = next(self.walk, None)
        if self.ahead is None:
            end = self.since + self.length(self.shown)
            if time >= end and time > self.since:  # a frame of no length is shown at its own time
                self.check_end(end - self.start)
                return None
        return self.shown

    def seek_to(self, time: Fraction) -> None:
        """Go on from a key frame before the time; the time is on the file's own clock."""
        base, longest = self.stream.time_base, self.declared() or self.container_length()
        if base is None or longest is None:
            self.seek = False
            return
        target = min(time - SEEK_MARGIN_S, self.start + longest)
        try:
            self.container.seek(int(target / base), stream=self.stream)
        except av.error.FFmpegError as error:
            raise CannotSeek from error
        self.walk = self.frames(after=None)
        landed = next(self.walk, None)
        if landed is None or landed[1] > time:
            raise CannotSeek
        # key frames further apart than the wanted times would be decoded again at each seek
        self.seek = landed[1] > self.since
        self.shown, self.since = landed
        self.ahead = next(self.walk, None)

    def frames(self, after: Fraction | None) -> Iterator[tuple[VideoFrame, Fraction]]:
        """Frames with their times in seconds; a frame without one follows the frame before it."""
        for packet in self.container.demux(self.stream):
            if packet.is_corrupt:
                raise BadVideo(self.path, "breaks off in the middle of a frame")
            for frame in packet.decode():
                time = after
                if frame.pts is not None and frame.time_base is not None:
                    time = frame.pts * frame.time_base
                if time is None:
                    raise CannotSeek
                yield frame, time
                after = time + self.length(frame)

    def length(self, frame: VideoFrame) -> Fraction:
        """Seconds that a frame is shown: as the file says, else by the average rate."""
        if frame.duration and frame.time_base is not None:
            return frame.duration * frame.time_base
        return average_frame_length(self.stream)

    def declared(self) -> Fraction | None:
        """Seconds in the file's header, if it has them."""
        if self.stream.duration is not None and self.stream.time_base is not None:
            return self.stream.duration * self.stream.time_base
        # the whole file's length may be that of its sound
        return self.container_length() if len(self.container.streams) == 1 else None

    def container_length(self) -> Fraction | None:
        """Seconds of the longest of the file's streams, if its header has it."""
        length = self.container.duration
        return None if length is None else Fraction(length, av.time_base)

    def check_end(self, end: Fraction) -> None:
        declared = self.declared()
        if declared is not None and declared - end > MAX_SHORTFALL_S + self.length(self.shown):
            raise BadVideo(
                self.path, f"breaks off after {float(end):.1f} of {float(declared):.1f} s"
            )


def first_video_stream(path: Path, container: InputContainer) -> VideoStream:
    """The first video stream that is not a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise BadVideo(path, "has no video stream", "remove its rows from the caption file")


def average_frame_length(stream: VideoStream) -> Fraction:
    """Seconds that a frame is shown by the average rate; 0 where there is none."""
    rate = stream.average_rate or stream.guessed_rate
    return 1 / Fraction(rate) if rate else Fraction(0)


def length_of(path: Path) -> Fraction:
    """Seconds that a video is shown, as its packets say: all are read and none is decoded."""
    with av.open(path) as container:
        stream = first_video_stream(path, container)
        starts, ends, count = [], [], 0
        for packet in container.demux(stream):
            count += packet.size > 0  # the last one is empty
            if packet.pts is not None and packet.time_base is not None:
                starts.append(packet.pts * packet.time_base)
                ends.append((packet.pts + (packet.duration or 0)) * packet.time_base)
        return max(ends) - min(starts) if ends else count * average_frame_length(stream)
