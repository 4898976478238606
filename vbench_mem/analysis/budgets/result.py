"""The result of a check: verdicts, what could not be judged, the exit code. Prints nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from vbench_mem.analysis.budgets.file import PlacedBudget
from vbench_mem.analysis.budgets.judge_growth import ACCEPT
from vbench_mem.analysis.budgets.verdict import BudgetOutcome, Verdict

PASSED, FAILED, NOTHING_TO_JUDGE = 0, 1, 3  # exit codes


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """`name` is that of the matrix.

    placed  the budgets that were judged; a verdict's `budget` is an index of them
    reason  why other budgets, which need records, could not be judged
    stale   names in the baseline that belong to no cell
    """

    name: str
    placed: tuple[PlacedBudget, ...]
    verdicts: tuple[Verdict, ...]
    reason: str | None = None
    stale: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """A failure counts before a budget that could not be judged."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        if BudgetOutcome.FAIL in outcomes:
            return FAILED
        passed = outcomes == {BudgetOutcome.PASS} and self.reason is None
        return PASSED if passed else NOTHING_TO_JUDGE

    @property
    def counts(self) -> str:
        """`verdicts: 34 (20 pass, 14 fail)`."""
        outcomes = Counter(verdict.outcome for verdict in self.verdicts)
        parts = [f"{outcomes[each]} {each}" for each in BudgetOutcome if outcomes[each]]
        return f"verdicts: {len(self.verdicts)} ({', '.join(parts) or 'no budgets'})"

    def budget_of(self, verdict: Verdict) -> PlacedBudget:
        return self.placed[verdict.budget]

    def dump(self) -> dict[str, Any]:
        """JSON-ready."""
        placed = ((verdict, self.budget_of(verdict)) for verdict in self.verdicts)
        data: dict[str, Any] = {
            "exit_code": self.exit_code,
            "verdicts": [
                asdict(verdict) | {"file": str(it.path), "line": it.line, "budget": it.place}
                for verdict, it in placed
            ],
            "stale": list(self.stale),
        }
        return data if self.reason is None else data | {"reason": self.reason}


def lines_of(result: CheckResult) -> Iterator[str]:
    """For a terminal: the passes, then all others, where they are seen, then the counts. A note
    about a cell is printed once."""
    printed: set[tuple[str | None, str]] = set()
    for verdict in sorted(result.verdicts, key=lambda verdict: not verdict.passes):
        notes = [each for each in verdict.notes_and_hint if (verdict.cell_id, each) not in printed]
        below = [f"     {line}" for note in notes for line in note.splitlines()]
        yield "\n".join([verdict.line, *below])
        printed |= {(verdict.cell_id, note) for note in verdict.notes}
    if result.verdicts:
        yield result.counts
    if any(v.outcome is BudgetOutcome.FAIL and v.baseline is not None for v in result.verdicts):
        yield f"to accept the growth: {ACCEPT}"
