"""Verdicts of the budgets: what fails stands open, of many passes the rest is folded."""

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
PREDICTED = " They are judged on what is predicted; those on time and recall wait for a run."


def section(chapter: Chapter) -> Section:
    return Section(title="Budgets", anchor=chapter.anchor("budgets"), blocks=tuple(blocks(chapter)))


def blocks(chapter: Chapter) -> Iterator[Block]:
    verdicts = chapter.verdicts
    if not chapter.joined.matrix.budgets:
        yield Paragraph(line("The matrix states none."), is_soft=True)
        return
    passed = [verdict for verdict in verdicts if verdict.passes]
    other = [verdict for verdict in verdicts if not verdict.passes]
    said = f"{len(passed)} of {len(verdicts)} verdicts pass."
    yield Paragraph(line(said + (PREDICTED if chapter.is_predicted else "")))
    if other:
        yield listed(other)
    if len(passed) > MOST_OPEN:
        yield Fold(f"The {len(passed)} that pass", (listed(passed),))
    elif passed:
        yield listed(passed)


def listed(verdicts: Sequence[Verdict]) -> Bullets:
    return Bullets(tuple(map(told, verdicts)))


def told(verdict: Verdict) -> Line:
    notes = "".join(f"; {note}" for note in verdict.notes)
    return line(Span(verdict.word, TONES[verdict.outcome]), f" {verdict.message}{notes}")
