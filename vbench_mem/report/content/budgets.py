"""Verdicts of the budgets: failures are always open, many passes are folded."""

from collections.abc import Iterator

from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict
from vbench_mem.report import document as doc
from vbench_mem.report.content.chapter import Chapter

MOST_OPEN = 6  # passes
TONES: dict[BudgetOutcome, doc.Tone] = {
    BudgetOutcome.PASS: "good",
    BudgetOutcome.FAIL: "bad",
    BudgetOutcome.NOTHING_TO_JUDGE: "quiet",
}
PREDICTED = " Judged on predictions; budgets on time and recall need a run."


def section(chapter: Chapter) -> doc.Section:
    return chapter.section("Budgets", "budgets", blocks(chapter))


def blocks(chapter: Chapter) -> Iterator[doc.Block]:
    verdicts = chapter.verdicts
    if not chapter.joined.matrix.budgets:
        yield doc.aside("The matrix has no budgets.")
        return
    passed = [verdict for verdict in verdicts if verdict.passes]
    other = [verdict for verdict in verdicts if not verdict.passes]
    count = f"Passed: {len(passed)} of {len(verdicts)}."
    yield doc.paragraph(count + (PREDICTED if chapter.predicted else ""))
    if other:
        yield doc.bullets(map(verdict_line, other))
    if passed:
        listed = doc.bullets(map(verdict_line, passed))
        many = len(passed) > MOST_OPEN
        yield doc.Fold(f"Passed: {len(passed)}", (listed,)) if many else listed


def verdict_line(verdict: Verdict) -> doc.Line:
    notes = "".join(f"; {note}" for note in verdict.notes)
    return doc.line(doc.Span(verdict.word, TONES[verdict.outcome]), f" {verdict.message}{notes}")
