"""The input of all sections of one matrix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vbench_mem.analysis.budgets.verdict import Verdict
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.predicted_rows import PredictedRows
from vbench_mem.report.document import Block, Figure, Line, Section, Span, Tone
from vbench_mem.report.evidence import link_of
from vbench_mem.running.memory_limit import Fit
from vbench_mem.running.record import Status

BAD = (Status.OOM, Status.TIMEOUT, Status.KILLED, Status.ERROR, Fit.TOO_LARGE)


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One matrix.

    prefix     of its anchors, tables and figures; empty where it is the only one
    predicted  where all numbers are predictions: nothing was run, no record was read
    again      the commands that reproduce the report
    """

    joined: Joined
    verdicts: Sequence[Verdict]
    figures: Sequence[Figure]
    prefix: str = ""
    predicted: PredictedRows | None = None
    again: str | None = None

    def section(
        self, title: str, name: str, blocks: Iterable[Block], sections: Iterable[Section] = ()
    ) -> Section:
        anchor = f"{self.prefix}{name}"
        return Section(title=title, anchor=anchor, blocks=tuple(blocks), sections=tuple(sections))


def state_span(state: str, reason: str | None = None) -> Span:
    tone: Tone = "good" if state == Status.OK else "bad" if state in BAD else "quiet"
    return Span(state, tone, title=reason)


def named(row: Row, text: str | None = None) -> Line:
    """The row by its label, with a link to its record."""
    return (Span(text or row.label, link=link_of(row)),)
