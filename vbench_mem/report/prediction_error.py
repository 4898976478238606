"""Prediction beside measurement, row by row: how far off, and in which phase.

Reads what a burst recorded, both numbers of one cell and one kind of device; predicts nothing.
"""

from dataclasses import dataclass
from statistics import median

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import show

PHASES = ("forward", "backward", "optimizer", "embed")
WIDE = 0.05  # of the measured peak; beyond it the phase that is furthest off is named


@dataclass(frozen=True)
class Comparison:
    """Units: bytes; `error` is a share of what was measured, above 0 where too much was predicted.

    phase  the one that is furthest off, where the peak is off by more than 5 %; else None
    """

    row: Row
    predicted: int
    measured: int
    phase: str | None

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1

    @property
    def is_equal(self) -> bool:
        """To the byte."""
        return self.predicted == self.measured

    @property
    def texts(self) -> tuple[str, str, str]:
        """Predicted, measured, and the difference as people read it."""
        off = self.predicted - self.measured
        difference = "equal" if not off else f"{100 * self.error:+.2f} %"
        return (
            show("predicted_peak_bytes", self.predicted),
            show("peak_alloc_bytes", self.measured),
            difference,
        )


def compare(joined: Joined) -> list[Comparison]:
    """One for each row that has both numbers."""
    found = []
    for row in joined.rows:
        record = row.record
        if record is None:
            continue
        predicted = record.metrics.get("predicted_peak_bytes")
        measured = record.metrics.get("peak_alloc_bytes")
        if isinstance(predicted, int) and isinstance(measured, int) and measured:
            off = abs(predicted / measured - 1) > WIDE
            found.append(Comparison(row, predicted, measured, worst_phase(row) if off else None))
    return found


def worst_phase(row: Row) -> str | None:
    """The phase whose predicted peak is furthest from the measured one, in bytes; None where no
    phase is off, or none has both."""
    assert row.record is not None
    metrics, gaps = row.record.metrics, {}
    for phase in PHASES:
        predicted = metrics.get(f"predicted_{phase}_peak_bytes")
        measured = metrics.get(f"{phase}_peak_bytes")
        if predicted is not None and measured is not None and predicted != measured:
            gaps[phase] = abs(predicted - measured)
    return max(gaps, key=lambda phase: gaps[phase]) if gaps else None


def verdict(found: list[Comparison]) -> str:
    """All of them in one sentence."""
    errors = [abs(each.error) for each in found]
    equal = sum(each.is_equal for each in found)
    if equal == len(found):
        return (
            f"The prediction of the peak equals the measured one to the byte in all {equal} rows."
        )
    furthest = max(found, key=lambda each: abs(each.error))
    return (
        f"The prediction of the peak equals the measured one to the byte in {equal} of "
        f"{len(found)} rows; it is off by {100 * median(errors):.2f} % in the median and by "
        f"{100 * abs(furthest.error):.2f} % at worst ({furthest.row.label})."
    )
