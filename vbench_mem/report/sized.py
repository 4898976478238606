"""Rows with the memory that they need, measured or predicted, and what a budget allows them."""

from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.base.units import format_bytes
from vbench_mem.report.scheme import scheme_of
from vbench_mem.report.series import limits_of, point_of


@dataclass(frozen=True)
class SizedRow:
    """A row with the memory that it needs, measured or predicted, in bytes."""

    row: Row
    bytes: int
    is_predicted: bool

    @property
    def size(self) -> str:
        return format_bytes(self.bytes)

    @property
    def step_ms(self) -> float | None:
        return self.row.metric("step_ms")


def sized_rows(joined: Joined) -> dict[str, SizedRow]:
    """By cell id; rows without a number are not there."""
    found, scheme = {}, scheme_of(joined)
    for row in joined.rows:
        point = point_of(row, scheme)
        if point is not None and point.ending == "ok" and point.memory:
            found[row.cell.id] = SizedRow(row, point.memory, point.basis == "predicted")
    return found


def limit_of(joined: Joined, row: Row) -> int | None:
    """The least memory that a budget allows the row."""
    return min(map(int, limits_of(row, joined, (MEMORY, PREDICTED_MEMORY))), default=None)


def is_allowed(joined: Joined, sized: SizedRow) -> bool:
    limit = limit_of(joined, sized.row)
    return limit is None or sized.bytes <= limit
