"""Predictions of many cells with a progress bar. Writes to stderr only."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware, Prediction, Unpredicted
from vbench_mem.running.predictions import predict_all


def predict_shown(
    wanted: Mapping[str, tuple[Cell, Hardware]],
) -> dict[str, Prediction | Unpredicted]:
    """`predict_all` with a progress bar on a terminal, and without output elsewhere."""
    with counting(len(wanted)) as done:
        return predict_all(wanted, done)


@contextmanager
def counting(total: int) -> Iterator[Callable[[str], None]]:
    """A function to call for each finished cell."""
    if not sys.stderr.isatty() or not total:
        yield lambda _: None
        return
    progress = Progress(
        TextColumn("predicting"),
        BarColumn(bar_width=12),
        TextColumn("{task.completed:.0f}/{task.total:.0f} cells"),
        console=Console(stderr=True, emoji=False),
        refresh_per_second=4,
        transient=True,
    )
    with progress:
        task = progress.add_task("", total=total)
        yield lambda _: progress.advance(task)
