"""Whole searches of one line in one worker process, and of many lines beside each other.

Never imports torch here: a worker does. Every answer was predicted on both sides of its edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from vbench_mem.analysis.fit.search import Edge, find_edge
from vbench_mem.analysis.fit.variants import MOST_CLIPS, FitLine, frame_counts
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Target
from vbench_mem.running.predictions import in_workers, predict_dumped

Sought = Literal["frames", "batch"]
Size = Callable[[Cell], int]


class FitEnding(StrEnum):
    EDGE = "edge"  # the largest value that fits is known
    BOUND = "bound"  # every value tried fits
    NOTHING = "nothing"  # not even the smallest value fits
    UNPREDICTED = "unpredicted"


@dataclass(frozen=True, kw_only=True)
class FitAnswer:
    """The most frames at a batch, or the largest batch at a frame count, of one line.

    given    the batch where frames are sought, the frames where a batch is
    largest  value that fits; None where nothing fits or nothing could be predicted
    beyond   the next step, which does not fit; None at the bound of the search
    sizes    bytes by every value that was predicted
    """

    line: FitLine
    sought: Sought
    given: int
    limit_bytes: int
    largest: int | None = None
    beyond: int | None = None
    ending: FitEnding
    reason: str | None = None
    sizes: dict[int, int] = field(default_factory=dict)

    @property
    def bytes_at(self) -> int | None:
        return None if self.largest is None else self.sizes[self.largest]

    @property
    def bytes_beyond(self) -> int | None:
        return None if self.beyond is None else self.sizes[self.beyond]


class Unpredictable(Exception):
    """A cell cannot be predicted; the text is the reason in one sentence."""


def solve_all(
    lines: Sequence[FitLine],
    limit_bytes: int,
    target: Target,
    done: Callable[[FitLine, list[FitAnswer]], None] = lambda *_: None,
    jobs: int | None = None,
) -> list[FitAnswer]:
    """The answers of every line in the order given; `done` gets each line's as they come."""
    work = {str(place): (solve, (line, limit_bytes, target)) for place, line in enumerate(lines)}
    found: dict[str, list[FitAnswer]] = {}
    for key, answers in in_workers(work, jobs):
        found[key] = answers
        done(lines[int(key)], answers)
    return [answer for key in work for answer in found[key]]


def solve(line: FitLine, limit_bytes: int, target: Target) -> list[FitAnswer]:
    """In a worker: every search of a line; each load is predicted once."""
    known: dict[tuple[int, int], int] = {}

    def size(cell: Cell) -> int:
        load = cell.load.frames, cell.load.batch
        if load not in known:
            known[load] = bytes_needed(cell, target)
        return known[load]

    return answer_all(line, limit_bytes, size)


def answer_all(line: FitLine, limit_bytes: int, size: Size) -> list[FitAnswer]:
    """First the most frames at each batch, then the largest batch at each frame count."""
    searches: list[tuple[Sought, int]] = [("frames", batch) for batch in line.batches]
    searches += [("batch", frames) for frames in line.frames]
    found: list[FitAnswer] = []
    at_zero = 0  # weights and all else that no load changes: nearly equal in every search of a line
    for sought, given in searches:
        answer = FitAnswer(
            line=line,
            sought=sought,
            given=given,
            limit_bytes=limit_bytes,
            ending=FitEnding.UNPREDICTED,
        )
        try:
            edge = search(answer, size, at_zero)
        except Unpredictable as error:
            found.append(replace(answer, reason=str(error)))
            continue
        at_zero = edge.at_zero
        found.append(
            replace(
                answer,
                largest=edge.largest,
                beyond=edge.beyond,
                ending=ending_of(edge),
                sizes=edge.sizes,
            )
        )
    return found


def search(answer: FitAnswer, size: Size, at_zero: int = 0) -> Edge:
    line, given, load = answer.line, answer.given, answer.line.cell.load
    limit = answer.limit_bytes
    if answer.sought == "batch":
        clips = range(1, MOST_CLIPS + 1)
        return find_edge(
            clips, lambda batch: size(line.at(given, batch)), limit, load.batch, at_zero
        )
    counts = frame_counts(line.cell)
    if not counts:
        raise Unpredictable("no number of frames is possible for this encoder")
    return find_edge(
        counts, lambda frames: size(line.at(frames, given)), limit, load.frames, at_zero
    )


def ending_of(edge: Edge) -> FitEnding:
    if edge.beyond is None:
        return FitEnding.BOUND
    return FitEnding.NOTHING if edge.largest is None else FitEnding.EDGE


def bytes_needed(cell: Cell, target: Target) -> int:
    """What must fit of a cell; raises `Unpredictable` with the reason."""
    data = predict_dumped(cells.dump(cell), target)
    if "reason" in data:
        raise Unpredictable(data["reason"])
    return must_fit(data["peak_bytes"], data["process_bytes"])


def must_fit(peak_bytes: int, process_bytes: int | None) -> int:
    """Of a CUDA process all memory that NVML would show, else the peak of all tensors."""
    return peak_bytes if process_bytes is None else process_bytes
