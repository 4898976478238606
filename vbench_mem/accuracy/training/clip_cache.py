"""A cache of decoded clips up to a number of bytes; other clips are decoded when requested.

The clips decoded first stay: epochs repeat, so that these are never decoded again, while a cache of
the latest clips would evict each before its next use. Holds at most one batch beside the cache.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vbench_mem.base.load import Load
from vbench_mem.data import workers
from vbench_mem.data.benchmark import Clip
from vbench_mem.data.times import Sampling
from vbench_mem.machine.host import cpu_cores, host_bytes

Frames = NDArray[np.uint8]
DEFAULT_BYTES = 2**30  # where the host's memory is unknown


def cache_bytes_for(threads: int) -> int:
    """Bytes that a training with `threads` threads may cache: its share, by cores, of a quarter of
    the host's memory, since trainings on all cores may run at once."""
    memory, cores = host_bytes(), cpu_cores()
    return DEFAULT_BYTES if memory is None else memory // 4 * min(threads, cores) // cores


class ClipCache:
    """Clips by number. `decode` runs in up to `threads` threads and may raise any error."""

    def __init__(self, decode: Callable[[int], Frames], keep_bytes: int, threads: int) -> None:
        self.decode, self.keep_bytes, self.threads = decode, keep_bytes, threads
        self.kept: dict[int, Frames] = {}
        self.kept_bytes = 0
        self.pending: dict[int, Future[Frames]] = {}
        self.pool: ThreadPoolExecutor | None = None

    def prefetch(self, numbers: Iterable[int]) -> None:
        """Begin to decode the clips that are not cached; returns at once."""
        for number in numbers:
            if number not in self.kept and number not in self.pending:
                if self.pool is None:
                    self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="decode")
                self.pending[number] = self.pool.submit(self.decode, number)

    def take(self, number: int) -> Frames:
        """Wait for the clip; raises what its decoding raised. Do not write to it."""
        if number in self.kept:
            return self.kept[number]
        self.prefetch([number])
        frames = self.pending.pop(number).result()
        if self.kept_bytes + frames.nbytes <= self.keep_bytes:
            self.kept[number] = frames
            self.kept_bytes += frames.nbytes
        return frames

    def close(self) -> None:
        """End the threads; clips that are not begun are dropped."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.pool = None
        self.pending.clear()


def decoder(load: Load, sampling: Sampling) -> Callable[[Clip, int], Frames]:
    """A function that decodes a number of frames of a clip at the load's rate and size, fewer where
    the clip is shorter; it raises `BadVideo` for a file that cannot be decoded."""

    at = partial(workers.decode, fps=load.fps, resolution_px=load.resolution_px, sampling=sampling)

    def decode(clip: Clip, frames: int) -> Frames:
        sampled = at(clip, frames=frames)
        decoded = frames - sampled.padded
        return sampled.frames if decoded == frames else sampled.frames[:decoded].copy()

    return decode


def padded_to(frames: Frames, count: int) -> Frames:
    """Exactly `count` frames: a shorter clip repeats its last one."""
    if len(frames) == count:
        return frames
    return np.concatenate([frames, np.repeat(frames[-1:], count - len(frames), axis=0)])
