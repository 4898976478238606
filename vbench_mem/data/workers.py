"""Processes that decode clips ahead of time, each its own share of them in order. No torch.

A process writes what it decoded into a pipe and waits while nobody reads: it holds at most
`ahead + 2` clips. It ends with its share, when its pipe is closed, or with the process that started
it; Ctrl-C reaches only that one. A decoder that dies on a file takes no other file with it.
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
from vbench_mem.data.sample import Sampled, sample
from vbench_mem.data.times import Sampling
from vbench_mem.data.video import BadVideo
from vbench_mem.machine.processes import anonymous_main

# What a broken file can do to a decoder; whatever else ends a process is no fault of the file's.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}
Decode = Callable[[Clip], Sampled]


@dataclass(frozen=True)
class Broken:
    """A clip whose file cannot be decoded, and why, in a few words."""

    clip: Clip
    reason: str


Outcome = Sampled | Broken | Exception


def decode(
    clip: Clip, *, frames: int, fps: float, resolution_px: int, sampling: Sampling
) -> Sampled:
    """Raises `BadVideo`."""
    return sample(
        *(clip.path, frames, fps, resolution_px),
        start_s=clip.start_s,
        end_s=clip.end_s,
        sampling=sampling,
    )


def attempt(decoded: Decode, clip: Clip) -> Outcome:
    """A broken file is a result; any other error is handed on with its trace."""
    try:
        return decoded(clip)
    except BadVideo as error:
        return Broken(clip, error.reason)
    except Exception as error:
        error.add_note(f"while decoding {clip.path}:\n{format_exc()}")
        return error


def work(connection: Connection) -> None:
    """What a process does: told once which clips, it sends one outcome after another."""
    clips, decoded, ahead = connection.recv()
    outcomes = map(functools.partial(attempt, decoded), clips)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody wants the rest
        for outcome in prepared(outcomes, ahead) if ahead else outcomes:
            send(connection, outcome)


def prepared(outcomes: Iterable[Outcome], ahead: int) -> Iterator[Outcome]:
    """The same, made by a thread of their own, at most `ahead` waiting."""
    ready: Queue[Outcome | None] = Queue(ahead)

    def make() -> None:
        for outcome in outcomes:
            ready.put(outcome)
        ready.put(None)

    Thread(target=make, daemon=True).start()
    while (outcome := ready.get()) is not None:
        yield outcome


def send(connection: Connection, outcome: Outcome) -> None:
    """Pixels as they lie in memory, after the number of frames that only repeat."""
    if isinstance(outcome, Sampled):
        connection.send(outcome.padded)
        connection.send_bytes(outcome.frames.reshape(-1).data)
    else:
        connection.send(outcome)


@contextlib.contextmanager
def without_ctrl_c() -> Iterator[None]:
    """A process started meanwhile never sees Ctrl-C, and one that comes now is seen afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Worker:
    """One process and the clips it still owes; started again where it died on a file."""

    def __init__(self, clips: Sequence[Clip], decoded: Decode, ahead: int) -> None:
        self.clips, self.decoded, self.ahead = list(clips), decoded, ahead
        self.taken = 0
        self.careful = False  # nothing is decoded ahead: then it is known on what it dies
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork has locks of threads it has not
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,), daemon=True)
        with anonymous_main(), without_ctrl_c():
            self.process.start()
        theirs.close()
        self.told = False

    def tell(self) -> None:
        """Which clips; apart from the start, so that several processes start at once."""
        if not self.told:
            self.connection.send((self.clips[self.taken :], self.decoded, self.limit))
            self.told = True

    @property
    def limit(self) -> int:
        return 0 if self.careful else self.ahead

    def take(self, into: memoryview) -> int | Broken:
        """The next clip: its pixels are written, and the number of frames that only repeat is the
        answer. Raises what the decoder raised, and `MemoryError` where the process was killed."""
        while True:
            try:
                self.tell()
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

    def died(self) -> Broken | None:
        """Start again with the next clip: carefully at first, and past the one it died on then."""
        self.process.join()
        code = self.process.exitcode or 0
        clip = self.clips[self.taken]
        if code == -signal.SIGKILL:
            raise MemoryError(f"a process was killed before {clip.path}; use fewer workers")
        if -code not in FAULTS:
            raise RuntimeError(f"a process that decodes ended with {code} before {clip.path}")
        found = None
        if self.careful:
            found = Broken(clip, f"ends its decoder with {signal.Signals(-code).name}")
        self.careful = not self.careful
        self.stop()
        if self.taken + (found is not None) < len(self.clips):
            self.start()
        return found

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self.process.terminate()
        self.process.join()
