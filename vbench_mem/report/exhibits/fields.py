"""Columns and fields of memory and of recall, for tables that people read. A number that is not
there has its reason; `report/columns.py` is for programs."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from vbench_mem.analysis.join import Row
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.analysis.spread import score_text
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.document import Column, Field, Span, line
from vbench_mem.report.evidence import link_of
from vbench_mem.report.overview import HEADS
from vbench_mem.report.scheme import MemoryUnit

Key = tuple[str, str]  # dataset and direction
BASES = {
    "measured": (MEMORY, HEADS[MEMORY]),
    "predicted": (PREDICTED_MEMORY, HEADS[PREDICTED_MEMORY]),
}


def name_field(row: Row) -> Field:
    return Field(line(Span(row.label, link=link_of(row))))


def is_of(score: AnyScore, key: Key) -> bool:
    return score.metric == RECALL and (score.dataset, score.direction) == key


def field_of(score: AnyScore | None, why: str, mark: str = "") -> Field:
    """The score with a mark behind it, or the reason for the gap."""
    if score is None:
        return Field(title=why)
    value = Span(score_text(score), title=f"{score.protocol}; {score.source}")
    return Field((value, Span(f" {mark}", "soft")) if mark else (value,), value=score.value)


def own_keys(rows: Iterable[Row]) -> list[Key]:
    """Datasets and directions of unpublished recalls, in their order."""
    found = (
        (score.dataset, score.direction)
        for row in rows
        for score in row.scores.values()
        if score.metric == RECALL and score.origin != "published"
    )
    return list(dict.fromkeys(found))


def own_field(row: Row, key: Key) -> Field:
    """Measured before imported."""
    mine = [s for s in row.scores.values() if s.origin != "published" and is_of(s, key)]
    best = min(mine, key=lambda score: score.origin != "measured", default=None)
    if best is None:
        return Field(title="neither measured here nor imported")
    return Field((Span(score_text(best), title=f"{best.origin}: {best.source}"),), value=best.value)


def head_of(key: Key) -> str:
    return f"{key[0]} {key[1].upper()}"


def bases_of(rows: Iterable[Row]) -> list[str]:
    """Is memory measured, predicted because a row was not run, or both?"""
    some = list(rows)
    ran = [row for row in some if row.is_ok or row.is_out_of_memory]
    predicted = [row for row in some if row not in ran and row.metric(PREDICTED_MEMORY) is not None]
    return [name for name, there in (("measured", ran), ("predicted", predicted)) if there]


def memory_columns(
    rows: Sequence[Row], unit: MemoryUnit
) -> list[tuple[Column, Callable[[Row], Field]]]:
    """The memory of rows that ran, and that of others as predicted."""
    meaning = {
        "measured": "allocated peak of a training step (bytes), measured here",
        "predicted": "the same (bytes), predicted without running the step",
    }
    return [
        (Column(BASES[basis][1], True, meaning[basis]), partial(memory_field, basis, unit))
        for basis in bases_of(rows)
    ]


def memory_field(basis: str, unit: MemoryUnit, row: Row) -> Field:
    metric = BASES[basis][0]
    if basis == "measured" and row.is_out_of_memory:
        return Field(line(Span("out of memory", "bad")), title=row.reason)
    size = row.metric(metric)
    if size is None or (basis == "measured" and not row.is_ok):
        return Field(title=row.why_missing(metric))
    return Field(line(unit.text(size)), value=size)
