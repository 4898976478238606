"""Decoded clips, kept in memory up to a stated number of bytes; the others decoded when asked for.

What was decoded first stays: epochs go round, and of a set that does not fit the share that does is
then never decoded again, where keeping the latest would keep nothing for long enough. Never decides
what is decoded, and holds one batch ahead at most.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from vbench_mem.base.load import Load
from vbench_mem.data.benchmark import Clip
from vbench_mem.data.sample import sample
from vbench_mem.data.times import Sampling
from vbench_mem.machine.host import cpu_cores, host_bytes

Frames = NDArray[np.uint8]
LEAST_BYTES = 2**30  # where the host does not tell its memory


def room_for_clips(threads: int) -> int:
    """Bytes that a training with so many threads may keep: its share, by cores, of a quarter of the
    host's memory, since trainings on all cores may run at once."""
    memory = host_bytes()
    return LEAST_BYTES if memory is None else memory // 4 * min(threads, cpu_cores()) // cpu_cores()


class Decoded:
    """Clips by number. `decode` runs in up to `threads` threads and may raise what it likes."""

    def __init__(self, decode: Callable[[int], Frames], keep_bytes: int, threads: int) -> None:
        self.decode, self.keep_bytes, self.threads = decode, keep_bytes, threads
        self.kept: dict[int, Frames] = {}
        self.kept_bytes = 0
        self.coming: dict[int, Future[Frames]] = {}
        self.pool: ThreadPoolExecutor | None = None

    def expect(self, numbers: Iterable[int]) -> None:
        """Begin with those that are not there; returns at once."""
        for number in numbers:
            if number not in self.kept and number not in self.coming:
                if self.pool is None:
                    self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="decode")
                self.coming[number] = self.pool.submit(self.decode, number)

    def take(self, number: int) -> Frames:
        """The clip, waited for; raises what its decoding raised. Not to be written to."""
        if number in self.kept:
            return self.kept[number]
        self.expect([number])
        frames = self.coming.pop(number).result()
        if self.kept_bytes + frames.nbytes <= self.keep_bytes:
            self.kept[number] = frames
            self.kept_bytes += frames.nbytes
        return frames

    def close(self) -> None:
        """End the threads; what they have not begun is dropped."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.pool = None
        self.coming.clear()


def decoder(load: Load, sampling: Sampling) -> Callable[[Clip, int], Frames]:
    """Reads so many frames of a clip at the load's rate and size, fewer where it is shorter; raises
    `BadVideo` for a file that cannot be decoded."""

    def decode(clip: Clip, frames: int) -> Frames:
        sampled = sample(
            clip.path,
            frames,
            load.fps,
            load.resolution_px,
            start_s=clip.start_s,
            end_s=clip.end_s,
            sampling=sampling,
        )
        there = frames - sampled.padded
        return sampled.frames if there == frames else sampled.frames[:there].copy()

    return decode


def filled(frames: Frames, count: int) -> Frames:
    """Exactly so many: a shorter clip repeats its last frame."""
    if len(frames) == count:
        return frames
    return np.concatenate([frames, np.repeat(frames[-1:], count - len(frames), axis=0)])
