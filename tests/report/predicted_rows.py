"""Rows that were not run and have a made-up prediction."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.rows import GIB
from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction


def predict_all(
    joined: Joined, cells: Iterable[Cell], peak: Callable[[Cell], float] = lambda _: 2.0
) -> Joined:
    """The rows of these cells with a predicted peak in GiB; embedding takes half of it."""
    chosen = {cell.id for cell in cells}
    rows = [
        replace(row, state="predicted", reason=None, prediction=prediction(peak(row.cell)))
        if row.cell.id in chosen
        else row
        for row in joined.rows
    ]
    return replace(joined, rows=tuple(rows))


def prediction(gib: float) -> Prediction:
    size = int(gib * GIB)
    return Prediction(
        target="cuda",
        peak_bytes=size,
        peak_phase="backward",
        build_bytes=size // 8,
        steady_bytes=size // 4,
        embed_peak_bytes=size // 2,
        phases={"forward": size // 2, "backward": size, "optimizer": size // 2},
        categories={"parameter": size},
        modules={},
        terms={"tensors": size},
    )
