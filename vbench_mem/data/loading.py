"""Clips in order as batches of pixels, decoded ahead by processes or on request.

A file that cannot be decoded is reported in the result and stops nothing. Memory is bounded by the
batch and the number of workers, for videos of any length.

Legend: B clips, T frames, H W pixels.
"""

import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import Self
from weakref import finalize

import torch
from torch import Tensor

from vbench_mem.data.benchmark import Clip
from vbench_mem.data.sample import SampledFrames
from vbench_mem.data.times import Sampling
from vbench_mem.data.workers import BrokenClip, Decode, Worker, attempt, decode
from vbench_mem.machine.host import cpu_cores


@dataclass(frozen=True, kw_only=True)
class LoadedClips:
    """A batch, decoded and not yet normalised (`clips.to_clips` does).

    frames   (B, T, H, W, 3) uint8, of the clips that could be decoded
    clips    these, in the requested order; `numbers` are their positions among all clips
    broken   the others of the batch
    padded   clips of the batch that are shorter than requested and repeat their last frame
    """

    frames: Tensor
    clips: tuple[Clip, ...]
    numbers: tuple[int, ...]
    broken: tuple[BrokenClip, ...]
    padded: int


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """From the first request to the last batch.

    frames    decoded frames; repeated ones are not counted
    wall_s    in seconds; `waited_s` of it waiting for batches, the rest in the caller
    """

    clips: int
    frames: int
    wall_s: float
    waited_s: float


def load_clips(
    clips: Sequence[Clip],
    frames: int,
    fps: float,
    resolution_px: int,
    *,
    workers: int = 0,
    batch: int = 8,
    sampling: Sampling = "first",
) -> "ClipLoader":
    """`clips` in their order, `batch` at a time, the last batch with what is left.

    `workers` processes decode ahead; with 0, threads decode a batch when it is requested. Both give
    the same pixels. Use it in a `with`, which ends the processes.
    """
    how = functools.partial(
        decode, frames=frames, fps=fps, resolution_px=resolution_px, sampling=sampling
    )
    shape = (frames, resolution_px, resolution_px, 3)
    return ClipLoader(clips, how, shape, workers=workers, batch=batch)


class ClipLoader(Iterator[LoadedClips]):
    """Batches and their throughput. `decoded` returns pixels of `shape` for a clip.

    Memory:  one batch, and of every worker at most `batch / workers + 2` clips, rounded up.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        decoded: Decode,
        shape: tuple[int, int, int, int],
        *,
        workers: int,
        batch: int,
    ) -> None:
        assert batch > 0 and workers >= 0
        self.clips, self.decoded, self.shape, self.batch = clips, decoded, shape, batch
        self.given = self.whole = self.frames = 0
        self.first_asked_s: float | None = None
        self.last_given_s = self.waited_s = 0.0
        self.workers: list[Worker] = []
        self.close = finalize(self, stop, self.workers)  # also where it is never closed
        count = min(workers, len(clips))
        try:
            for number in range(count):
                self.workers.append(Worker(clips[number::count], decoded, ceil(batch / count)))
            for worker in self.workers:
                worker.assign()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __next__(self) -> LoadedClips:
        """The next batch; raises errors of a decoder that are not caused by a broken file."""
        asked_s = perf_counter()
        if self.first_asked_s is None:
            self.first_asked_s = asked_s
        if self.given >= len(self.clips) or not self.close.alive:
            self.close()
            raise StopIteration
        try:
            loaded = self.load(range(self.given, min(self.given + self.batch, len(self.clips))))
        except BaseException:
            self.close()
            raise
        self.given = min(self.given + self.batch, len(self.clips))
        self.whole += len(loaded.clips)
        self.last_given_s = perf_counter()
        self.waited_s += self.last_given_s - asked_s
        return loaded

    def load(self, numbers: range) -> LoadedClips:
        into = torch.empty((len(numbers), *self.shape), dtype=torch.uint8)
        found: list[int] = []
        broken: list[BrokenClip] = []
        padded = 0
        for number, outcome in zip(numbers, self.outcomes(numbers, into, found), strict=True):
            if isinstance(outcome, BrokenClip):
                broken.append(outcome)
                continue
            found.append(number)
            padded += outcome > 0
            self.frames += self.shape[0] - outcome
        return LoadedClips(
            frames=into[: len(found)],
            clips=tuple(self.clips[number] for number in found),
            numbers=tuple(found),
            broken=tuple(broken),
            padded=padded,
        )

    def outcomes(
        self, numbers: range, into: Tensor, found: list[int]
    ) -> Iterator[int | BrokenClip]:
        """One outcome for each clip; pixels are written after those `found` so far."""
        if self.workers:
            for number in numbers:
                row = into[len(found)].view(-1).numpy().data
                yield self.workers[number % len(self.workers)].take(row)
            return
        with ThreadPoolExecutor(min(cpu_cores(), len(numbers))) as pool:
            attempts = functools.partial(attempt, self.decoded)
            for outcome in pool.map(attempts, [self.clips[number] for number in numbers]):
                if isinstance(outcome, Exception):
                    raise outcome
                if isinstance(outcome, SampledFrames):
                    into[len(found)] = torch.from_numpy(outcome.frames)
                    yield outcome.padded
                else:
                    yield outcome

    @property
    def throughput(self) -> Throughput:
        """Until now, without broken clips."""
        wall_s = self.last_given_s - (self.first_asked_s or 0.0) if self.given else 0.0
        return Throughput(
            clips=self.whole, frames=self.frames, wall_s=wall_s, waited_s=self.waited_s
        )


def stop(workers: list[Worker]) -> None:
    for worker in workers:
        worker.stop()
