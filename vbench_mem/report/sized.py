"""Rows with the memory that they need, measured or predicted, and what a budget allows them."""

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.report.series import PlotPoint, limits_of, memory_points


def sized_rows(joined: Joined) -> dict[str, PlotPoint]:
    """By cell id; rows without a number are not there."""
    points = memory_points(joined)
    return {p.row.cell.id: p for p in points if not p.row.is_out_of_memory}


def limit_of(joined: Joined, row: Row) -> int | None:
    """The least memory that a budget allows the row."""
    return min(map(int, limits_of(row, joined, (MEMORY, PREDICTED_MEMORY))), default=None)


def is_allowed(joined: Joined, point: PlotPoint) -> bool:
    limit = limit_of(joined, point.row)
    return limit is None or point.bytes <= limit
