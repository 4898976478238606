"""Processes that decode clips ahead of time, each its share of them in order. No torch.

A process writes decoded clips to a pipe and waits until they are read: it holds at most `ahead + 2`
clips. It ends after its share, when its pipe is closed, or with its parent process; Ctrl-C reaches
the parent only. A crash of a decoder on one file affects no other file.
"""

import contextlib
import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Queue
from threading import Thread
from traceback import format_exc

from vbench_mem.data.benchmark import Clip
from vbench_mem.data.sample import SampledFrames, sample
from vbench_mem.data.times import Sampling
from vbench_mem.data.video import BadVideo
from vbench_mem.machine.processes import anonymous_main

# Signals of a crash caused by a broken file; other ends of a process are not the file's fault.
CRASH_SIGNALS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}
Decode = Callable[[Clip], SampledFrames]


@dataclass(frozen=True)
class BrokenClip:
    """A clip whose file cannot be decoded, and the reason in a few words."""

    clip: Clip
    reason: str


Outcome = SampledFrames | BrokenClip | Exception


def decode(
    clip: Clip, *, frames: int, fps: float, resolution_px: int, sampling: Sampling
) -> SampledFrames:
    """Raises `BadVideo`."""
    return sample(
        *(clip.path, frames, fps, resolution_px),
        start_s=clip.start_s,
        end_s=clip.end_s,
        sampling=sampling,
    )


def attempt(decoded: Decode, clip: Clip) -> Outcome:
    """A broken file is a result; any other error is returned with its traceback."""
    try:
        return decoded(clip)
    except BadVideo as error:
        return BrokenClip(clip, error.reason)
    except Exception as error:
        error.add_note(f"while decoding {clip.path}:\n{format_exc()}")
        return error


def work(connection: Connection) -> None:
    """The process: receives its clips once, then sends one outcome after another."""
    clips, decoded, ahead = connection.recv()
    outcomes = map(functools.partial(attempt, decoded), clips)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent closed the pipe
        for outcome in prepared(outcomes, ahead) if ahead else outcomes:
            send(connection, outcome)


def prepared(outcomes: Iterable[Outcome], ahead: int) -> Iterator[Outcome]:
    """The same outcomes, computed in a thread, at most `ahead` waiting."""
    ready: Queue[Outcome | None] = Queue(ahead)

    def make() -> None:
        for outcome in outcomes:
            ready.put(outcome)
        ready.put(None)

    Thread(target=make, daemon=True).start()
    while (outcome := ready.get()) is not None:
        yield outcome


def send(connection: Connection, outcome: Outcome) -> None:
    """The number of repeated frames, then the pixels as bytes."""
    if isinstance(outcome, SampledFrames):
        connection.send(outcome.padded)
        connection.send_bytes(outcome.frames.reshape(-1).data)
    else:
        connection.send(outcome)


@contextlib.contextmanager
def sigint_blocked() -> Iterator[None]:
    """A process started within it ignores Ctrl-C; one pressed meanwhile is handled afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Worker:
    """One process and its remaining clips; restarted after a crash on a file."""

    def __init__(self, clips: Sequence[Clip], decoded: Decode, ahead: int) -> None:
        self.clips, self.decoded, self.ahead = list(clips), decoded, ahead
        self.taken = 0
        self.careful = False  # decode nothing ahead, so that the file of a crash is known
        self.start()

    def start(self) -> None:
        # a fork would copy locks held by other threads
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,), daemon=True)
        with anonymous_main(), sigint_blocked():
            self.process.start()
        theirs.close()
        self.assigned = False

    def assign(self) -> None:
        """Send the clips; after `start`, so that several processes start in parallel."""
        if not self.assigned:
            ahead = 0 if self.careful else self.ahead
            self.connection.send((self.clips[self.taken :], self.decoded, ahead))
            self.assigned = True

    def take(self, into: memoryview) -> int | BrokenClip:
        """The next clip: writes its pixels into `into` and returns the number of repeated frames.
        Raises what the decoder raised, and `MemoryError` where the process was killed."""
        while True:
            try:
                self.assign()
                head = self.connection.recv()
                if isinstance(head, int):
                    self.connection.recv_bytes_into(into)
            except (EOFError, ConnectionError):
                head = self.died()
                if head is None:
                    continue
            self.taken += 1
            if isinstance(head, Exception):
                raise head
            return head

    def died(self) -> BrokenClip | None:
        """Restart at the next clip without decoding ahead; after a second crash skip that clip."""
        self.process.join()
        code = self.process.exitcode or 0
        clip = self.clips[self.taken]
        if code == -signal.SIGKILL:
            raise MemoryError(f"a process was killed before {clip.path}; use fewer workers")
        if -code not in CRASH_SIGNALS:
            raise RuntimeError(f"a process that decodes ended with {code} before {clip.path}")
        found = None
        if self.careful:
            found = BrokenClip(clip, f"crashes its decoder with {signal.Signals(-code).name}")
        self.careful = not self.careful
        self.stop()
        if self.taken + (found is not None) < len(self.clips):
            self.start()
        return found

    def stop(self) -> None:
        """End the process at once."""
        self.connection.close()
        self.process.terminate()
        self.process.join()
