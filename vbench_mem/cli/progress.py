"""Progress of a `run` on stderr: bars on a terminal, one line for each finished cell elsewhere."""

import sys
import time
from collections.abc import Sequence
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from vbench_mem.cli.tables import with_unit
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.eta import expected_seconds
from vbench_mem.running.record import Record

REST_COLUMNS = 42  # of the bar, the count and the time, which share a line with a cell's label
SHOWN = ("step_ms", "peak_alloc_bytes")


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.2 h`."""
    if round(seconds) <= 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if round(seconds / 60) <= 90 else f"{seconds / 3600:.1f} h"


def line_of(label: str, record: Record) -> str:
    """`ok <encoder> frames=16, 412 ms, 2.49 GiB`, or the reason of another ending."""
    numbers = [with_unit(name, record.metrics.get(name)) for name in SHOWN]
    facts = [number for number in numbers if number] if record.reason is None else [record.reason]
    return ", ".join([f"{record.status.value} {label}", *facts])


def shorten(text: str, width: int) -> str:
    """Keeps both ends: a label begins with the encoder and ends with the load."""
    if len(text) <= width:
        return text
    half = max(width - 1, 8) // 2
    return f"{text[:half]}…{text[-half:]}"


class TimeColumn(ProgressColumn):
    """Time of the running cell, and the time left of the matrix."""

    def render(self, task: Task) -> Text:
        now, since, expected = time.monotonic(), task.fields["since"], task.fields["expected"]
        if since is None:
            return Text("")
        passed = now - since
        if task.fields["whole"]:
            left = None if expected is None else max(expected - passed, 0)
            return Text("" if left is None else f"about {duration(left)} left")
        about = "" if expected is None else f" of about {duration(expected)}"
        return Text(f"{duration(passed)}{about}")


class Lines:
    """For logs and pipes: one line for each finished cell."""

    def __init__(self, matrix: Matrix, todo: Sequence[Cell], done: Sequence[Record]) -> None:
        self.matrix, self.todo, self.done = matrix, {cell.id for cell in todo}, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()

    def started(self, cell: Cell) -> None:
        """Prints nothing."""

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        if cell.id not in self.todo:
            return
        self.done += 1
        count = f"[{self.done}/{len(self.todo)}]"
        took = f" ({duration(record.wall_s)})" if record.wall_s is not None else ""
        label = self.matrix.label(cell)
        print(f"{count} {line_of(label, record)}{took}", file=sys.stderr, flush=True)


class Bars:
    """For a terminal: a bar of the matrix and one of the running cell, with their times."""

    def __init__(self, matrix: Matrix, todo: Sequence[Cell], done: Sequence[Record]) -> None:
        self.matrix, self.todo, self.records = matrix, list(todo), list(done)
        self.console = Console(stderr=True, emoji=False)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[count]}"),
            TimeColumn(),
            console=self.console,
            refresh_per_second=2,  # drawing slows down what is measured
            transient=True,
        )
        fields: dict[str, Any] = {"count": "", "since": None, "expected": None}
        self.whole = self.progress.add_task(
            f"{matrix.name}", total=max(len(self.todo), 1), whole=True, **fields
        )
        self.one = self.progress.add_task("", total=1, whole=False, visible=False, **fields)

    def __enter__(self) -> Self:
        self.progress.start()
        self.look_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def look_ahead(self) -> dict[str, float | None]:
        """Update the matrix's bar; returns the expected seconds of each cell that is left."""
        expected = expected_seconds(self.todo, self.records)
        known = [seconds for seconds in expected.values() if seconds is not None]
        done = int(self.progress.tasks[self.whole].completed)
        self.progress.update(
            self.whole,
            count=f"{done}/{int(self.progress.tasks[self.whole].total or 0)}",
            since=time.monotonic(),
            expected=sum(known) if len(known) == len(expected) else None,
        )
        return expected

    def started(self, cell: Cell) -> None:
        expected = self.look_ahead().get(cell.id)
        self.progress.update(
            self.one,
            description=shorten(self.matrix.label(cell), self.console.width - REST_COLUMNS),
            visible=True,
            since=time.monotonic(),
            expected=expected,
            total=None,
        )

    def finished(self, cell: Cell, record: Record, is_new: bool) -> None:
        if cell not in self.todo:
            return
        self.todo.remove(cell)
        self.records.append(record)
        self.progress.update(self.whole, advance=1)
        self.progress.update(self.one, visible=False)
        self.look_ahead()
        self.console.print(line_of(self.matrix.label(cell), record), markup=False, highlight=False)
