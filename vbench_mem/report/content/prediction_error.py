"""Predicted and measured peak memory of each record, and the phase in which they differ most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.base.units import format_bytes
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter, named

PHASES = ("forward", "backward", "optimizer", "embed")
WIDE = 0.05  # of the measured peak; a larger difference names its phase
SHOWN = 24  # rows that are not folded if one differs


@dataclass(frozen=True)
class PredictionError:
    """Bytes; `phase` with the largest difference, if the peak differs by more than 5 %."""

    row: Row
    predicted: int
    measured: int
    phase: str | None

    @property
    def error(self) -> float:
        """A share of the measured peak, above 0 if too much was predicted."""
        return self.predicted / self.measured - 1

    @property
    def field(self) -> doc.Field:
        text = "equal" if self.error == 0 else f"{100 * self.error:+.2f} %"
        return doc.field_of(doc.Span(text, "strong" if self.phase else "plain"), value=self.error)


def section(chapter: Chapter) -> doc.Section | None:
    found = errors_of(chapter.joined)
    if not found:
        return None
    is_off = any(each.phase for each in found)
    note = " Rows that differ by more than 5 % name the phase with the largest difference."
    columns: list[tuple[doc.Column, Callable[[PredictionError], doc.Field | str]]] = [
        (doc.Column("row"), lambda each: doc.Field(named(each.row))),
        (doc.Column("difference", True), lambda each: each.field),
        (doc.Column("predicted peak", True), lambda each: bytes_field(each.predicted)),
        (doc.Column("measured peak", True), lambda each: bytes_field(each.measured)),
    ]
    if is_off:
        columns.append((doc.Column("largest difference in"), lambda each: each.phase or ""))
    table = doc.table_of(f"{chapter.prefix}predicted", found, columns)
    is_open = len(found) <= SHOWN and not all(each.error == 0 for each in found)
    text = verdict(found) + (note if is_off else "")
    blocks = (doc.paragraph(text), doc.Fold(f"Rows: {len(found)}", (table,), is_open))
    return chapter.section("Predicted and measured peak memory", "predicted", blocks)


def bytes_field(size: int) -> doc.Field:
    return doc.field_of(format_bytes(size), value=size)


def errors_of(joined: Joined) -> list[PredictionError]:
    """One for each row that has both numbers."""
    found = []
    for row in joined.rows:
        metrics = row.record.metrics if row.record is not None else {}
        predicted, measured = metrics.get(PREDICTED_MEMORY), metrics.get(MEMORY)
        if isinstance(predicted, int) and isinstance(measured, int) and measured:
            phase = worst_phase(metrics) if abs(predicted / measured - 1) > WIDE else None
            found.append(PredictionError(row, predicted, measured, phase))
    return found


def worst_phase(metrics: Mapping[str, float | None]) -> str | None:
    """The phase with the largest difference in bytes; None if no phase differs or has both."""
    gaps = {}
    for phase in PHASES:
        predicted = metrics.get(f"predicted_{phase}_peak_bytes")
        measured = metrics.get(f"{phase}_peak_bytes")
        if predicted is not None and measured is not None and predicted != measured:
            gaps[phase] = abs(predicted - measured)
    return max(gaps, key=lambda phase: gaps[phase]) if gaps else None


def verdict(found: list[PredictionError]) -> str:
    """One sentence about all rows."""
    errors = [abs(each.error) for each in found]
    equal = sum(each.error == 0 for each in found)
    furthest = max(found, key=lambda each: abs(each.error))
    return (
        f"Predicted peak equals measured peak to the byte: {equal} of {len(found)} rows. "
        f"Difference: median {100 * median(errors):.2f} %, "
        f"largest {100 * abs(furthest.error):.2f} % ({furthest.row.label})."
    )
