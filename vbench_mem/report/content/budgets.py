"""Verdicts of the budgets: failures are always open, many passes are folded."""

from collections.abc import Iterator, Sequence

from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict
from vbench_mem.report.content.chapter import Chapter
from vbench_mem.report.document import (
    Block,
    Bullets,
    Fold,
    Line,
    Paragraph,
    Section,
    Span,
    Tone,
    line,
)

MOST_OPEN = 6  # passes
TONES: dict[BudgetOutcome, Tone] = {
    BudgetOutcome.PASS: "good",
    BudgetOutcome.FAIL: "bad",
    BudgetOutcome.NOTHING_TO_JUDGE: "quiet",
}
PREDICTED = " Judged on predictions; budgets on time and recall need a run."


def section(chapter: Chapter) -> Section:
    return chapter.section("Budgets", "budgets", blocks(chapter))


def blocks(chapter: Chapter) -> Iterator[Block]:
    verdicts = chapter.verdicts
    if not chapter.joined.matrix.budgets:
        yield Paragraph(line("The matrix has no budgets."), is_soft=True)
        return
    passed = [verdict for verdict in verdicts if verdict.passes]
    other = [verdict for verdict in verdicts if not verdict.passes]
    count = f"Passed: {len(passed)} of {len(verdicts)}."
    yield Paragraph(line(count + (PREDICTED if chapter.is_predicted else "")))
    if other:
        yield listed(other)
    if len(passed) > MOST_OPEN:
        yield Fold(f"Passed: {len(passed)}", (listed(passed),))
    elif passed:
        yield listed(passed)


def listed(verdicts: Sequence[Verdict]) -> Bullets:
    return Bullets(tuple(map(verdict_line, verdicts)))


def verdict_line(verdict: Verdict) -> Line:
    notes = "".join(f"; {note}" for note in verdict.notes)
    return line(Span(verdict.word, TONES[verdict.outcome]), f" {verdict.message}{notes}")
