"""Whole searches of one line in one worker process, and of many lines beside each other.

Never imports torch here: a worker does. Every answer was predicted on both sides of its edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vbench_mem.analysis.fit.search import Edge, find_edge
from vbench_mem.analysis.fit.variants import MOST_CLIPS, Line, frame_counts
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Target
from vbench_mem.running.predictions import in_workers, predict_dumped

Sought = Literal["frames", "batch"]
Ending = Literal["edge", "bound", "nothing", "unpredicted"]
Size = Callable[[Cell], int]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The most frames at a batch, or the largest batch at a frame count, of one line.

    given    the batch where frames are sought, the frames where a batch is
    largest  fits; None where nothing does or nothing could be predicted
    beyond   the next step, which does not fit; None at the bound of the search
    ending   `edge`; `bound`: all that was tried fits; `nothing`: not even the smallest fits
    sizes    bytes by every value that was predicted
    """

    line: Line
    sought: Sought
    given: int
    limit_bytes: int
    largest: int | None = None
    beyond: int | None = None
    ending: Ending
    reason: str | None = None
    sizes: dict[int, int] = field(default_factory=dict)

    @property
    def bytes_at(self) -> int | None:
        return None if self.largest is None else self.sizes[self.largest]

    @property
    def bytes_beyond(self) -> int | None:
        return None if self.beyond is None else self.sizes[self.beyond]


class Unpredictable(Exception):
    """There is no prediction, with the reason in one sentence."""


def solve_all(
    lines: Sequence[Line],
    limit_bytes: int,
    target: Target,
    done: Callable[[Line, list[Answer]], None] = lambda *_: None,
    jobs: int | None = None,
) -> list[Answer]:
    """The answers of every line in the order given; `done` is told each line's as they come."""
    work = {str(place): (solve, (line, limit_bytes, target)) for place, line in enumerate(lines)}
    found: dict[str, list[Answer]] = {}
    for key, answers in in_workers(work, jobs):
        found[key] = answers
        done(lines[int(key)], answers)
    return [answer for key in work for answer in found[key]]


def solve(line: Line, limit_bytes: int, target: Target) -> list[Answer]:
    """In a worker: every search of a line; no load is predicted twice."""
    known: dict[tuple[int, int], int] = {}

    def size(cell: Cell) -> int:
        load = cell.load.frames, cell.load.batch
        if load not in known:
            known[load] = bytes_needed(cell, target)
        return known[load]

    return answer_all(line, limit_bytes, size)


def answer_all(line: Line, limit_bytes: int, size: Size) -> list[Answer]:
    """First the most frames at each batch, then the largest batch at each frame count."""
    searches: list[tuple[Sought, int]] = [("frames", batch) for batch in line.batches]
    searches += [("batch", frames) for frames in line.frames]
    found: list[Answer] = []
    at_zero = 0  # weights and what else no load changes: nearly the same in every search of a line
    for sought, given in searches:
        asked = Answer(
            line=line, sought=sought, given=given, limit_bytes=limit_bytes, ending="unpredicted"
        )
        try:
            edge = search(asked, size, at_zero)
        except Unpredictable as error:
            found.append(replace(asked, reason=str(error)))
            continue
        at_zero = edge.at_zero
        found.append(settled(asked, edge))
    return found


def search(asked: Answer, size: Size, at_zero: int = 0) -> Edge:
    line, given, load = asked.line, asked.given, asked.line.cell.load
    limit = asked.limit_bytes
    if asked.sought == "batch":
        clips = range(1, MOST_CLIPS + 1)
        return find_edge(
            clips, lambda batch: size(line.at(given, batch)), limit, load.batch, at_zero
        )
    counts = frame_counts(line.cell)
    if not counts:
        raise Unpredictable("no frame count makes sense for it")
    return find_edge(
        counts, lambda frames: size(line.at(frames, given)), limit, load.frames, at_zero
    )


def settled(asked: Answer, edge: Edge) -> Answer:
    ending: Ending = "nothing" if edge.largest is None else "edge"
    if edge.beyond is None:
        ending = "bound"
    return replace(asked, largest=edge.largest, beyond=edge.beyond, ending=ending, sizes=edge.sizes)


def bytes_needed(cell: Cell, target: Target) -> int:
    """What must fit: of a CUDA process all that NVML would show, else the peak.

    Raises `Unpredictable` with the reason.
    """
    data = predict_dumped(cells.dump(cell), target)
    if "reason" in data:
        raise Unpredictable(data["reason"])
    process: int | None = data["process_bytes"]
    peak: int = data["peak_bytes"]
    return peak if process is None else process
