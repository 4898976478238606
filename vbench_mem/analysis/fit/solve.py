"""Searches of many lines beside each other, each in one worker process, which imports torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vbench_mem.analysis.fit.search import Edge, find_edge
from vbench_mem.analysis.fit.variants import MOST_CLIPS, FitLine, frame_counts
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware
from vbench_mem.running.predictions import in_workers, predict_dumped

Sought = Literal["frames", "batch"]
Size = Callable[[Cell], int]


class FitEnding(StrEnum):
    EDGE = "edge"  # the largest value that fits is known
    BOUND = "bound"  # every value tried fits
    NOTHING = "nothing"  # not even the smallest value fits
    UNPREDICTED = "unpredicted"


@dataclass(frozen=True, kw_only=True)
class FitAnswer(Edge):
    """The most frames at a batch, or the largest batch at a frame count, of one line.

    given   the batch where frames are sought, the frames where a batch is
    reason  why nothing could be predicted
    """

    line: FitLine
    sought: Sought
    given: int
    limit_bytes: int
    reason: str | None = None

    @property
    def ending(self) -> FitEnding:
        if self.reason is not None:
            return FitEnding.UNPREDICTED
        if self.beyond is None:
            return FitEnding.BOUND
        return FitEnding.NOTHING if self.largest is None else FitEnding.EDGE

    @property
    def bytes_at(self) -> int | None:
        return None if self.largest is None else self.sizes[self.largest]

    @property
    def bytes_beyond(self) -> int | None:
        return None if self.beyond is None else self.sizes[self.beyond]


class Unpredictable(Exception):
    """A cell cannot be predicted; the text is the reason in one sentence."""


def solve_all(
    limits: Sequence[tuple[FitLine, int]],
    hardware: Hardware,
    done: Callable[[FitLine, list[FitAnswer]], None] = lambda *_: None,
    jobs: int | None = None,
) -> list[FitAnswer]:
    """The answers of every line within its limit in bytes, in the order given; `done` gets each
    line's as they come."""
    work = {str(place): (solve, (*limit, hardware)) for place, limit in enumerate(limits)}
    found: dict[str, list[FitAnswer]] = {}
    for key, answers in in_workers(work, jobs):
        found[key] = answers
        done(limits[int(key)][0], answers)
    return [answer for key in work for answer in found[key]]


def solve(line: FitLine, limit_bytes: int, hardware: Hardware) -> list[FitAnswer]:
    """In a worker: every search of a line; each load is predicted once."""
    known: dict[tuple[int, int], int] = {}

    def size(cell: Cell) -> int:
        load = cell.load.frames, cell.load.batch
        if load not in known:
            known[load] = bytes_needed(cell, hardware)
        return known[load]

    return answer_all(line, limit_bytes, size)


def answer_all(line: FitLine, limit_bytes: int, size: Size) -> list[FitAnswer]:
    """First the most frames at each batch, then the largest batch at each frame count."""
    searches: list[tuple[Sought, int]] = [("frames", batch) for batch in line.batches]
    searches += [("batch", frames) for frames in line.frames]
    found: list[FitAnswer] = []
    at_zero = 0  # weights and all else that no load changes: nearly equal in every search of a line
    for sought, given in searches:
        edge, reason = Edge(None, None, {}), None
        try:
            edge = search(line, sought, given, limit_bytes, size, at_zero)
            at_zero = edge.at_zero
        except Unpredictable as error:
            reason = str(error)
        answer = FitAnswer(
            **vars(edge),
            line=line,
            sought=sought,
            given=given,
            limit_bytes=limit_bytes,
            reason=reason,
        )
        found.append(answer)
    return found


def search(
    line: FitLine, sought: Sought, given: int, limit_bytes: int, size: Size, at_zero: int
) -> Edge:
    load = line.cell.load
    if sought == "batch":
        clips = range(1, MOST_CLIPS + 1)
        return find_edge(
            clips, lambda batch: size(line.at(given, batch)), limit_bytes, load.batch, at_zero
        )
    counts = frame_counts(line.cell)
    if not counts:
        raise Unpredictable("no number of frames is possible for this encoder")
    return find_edge(
        counts, lambda frames: size(line.at(frames, given)), limit_bytes, load.frames, at_zero
    )


def bytes_needed(cell: Cell, hardware: Hardware) -> int:
    """What must fit of a cell; raises `Unpredictable` with the reason."""
    data = predict_dumped(cells.dump(cell), hardware)
    if "reason" in data:
        raise Unpredictable(data["reason"])
    return must_fit(data["peak_bytes"], data["process_bytes"])


def must_fit(peak_bytes: int, process_bytes: int | None) -> int:
    """Of a CUDA process all memory that NVML would show, else the peak of all tensors."""
    return peak_bytes if process_bytes is None else process_bytes
