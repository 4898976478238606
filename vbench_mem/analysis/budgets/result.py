"""What a check came to: verdicts, what could not be judged, the exit code. Prints nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from vbench_mem.analysis.budgets.file import Stated
from vbench_mem.analysis.budgets.grown import AGREE
from vbench_mem.analysis.budgets.verdict import Outcome, Verdict

HELD, BROKEN, NOTHING = 0, 1, 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """`name` is the matrix's.

    stated  the budgets that were judged; a verdict's `budget` counts in them
    reason  why other budgets, which need records, were not
    stale   names in the baseline that no cell has
    """

    name: str
    stated: tuple[Stated, ...]
    verdicts: tuple[Verdict, ...]
    reason: str | None = None
    stale: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """What is broken is told before what could not be judged."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        if "fail" in outcomes:
            return BROKEN
        return HELD if outcomes == {"pass"} and self.reason is None else NOTHING

    @property
    def headline(self) -> str:
        """`gate: 2 of 8 verdicts fail`."""
        outcomes = [verdict.outcome for verdict in self.verdicts]
        failed, idle = outcomes.count("fail"), outcomes.count("nothing")
        if failed:
            return f"{self.name}: {failed} of {len(outcomes)} verdicts fail"
        if self.exit_code == HELD:
            return f"{self.name}: all {len(outcomes)} verdicts pass"
        return f"{self.name}: {idle or 'some'} of the budgets could not be judged"

    @property
    def counts(self) -> str:
        """`34 verdicts: 20 pass, 14 fail`."""
        outcomes = Counter(verdict.outcome for verdict in self.verdicts)
        words: dict[Outcome, str] = {
            "pass": "pass",
            "fail": "fail",
            "nothing": "with nothing to judge",
        }
        parts = [f"{outcomes[key]} {word}" for key, word in words.items() if outcomes[key]]
        number = "1 verdict" if len(self.verdicts) == 1 else f"{len(self.verdicts)} verdicts"
        return f"{number}: {', '.join(parts)}"

    def place(self, verdict: Verdict) -> Stated:
        return self.stated[verdict.budget]

    def told(self) -> Iterator[Verdict]:
        """What does not pass first, each in the order of the budgets."""
        yield from (verdict for verdict in self.verdicts if verdict.outcome != "pass")
        yield from (verdict for verdict in self.verdicts if verdict.outcome == "pass")

    def dump(self) -> dict[str, Any]:
        """JSON-ready."""
        said: dict[str, Any] = {
            "exit_code": self.exit_code,
            "verdicts": [self.dump_one(verdict) for verdict in self.verdicts],
            "stale": list(self.stale),
        }
        return said if self.reason is None else said | {"reason": self.reason}

    def dump_one(self, verdict: Verdict) -> dict[str, Any]:
        stated = self.place(verdict)
        where = {"file": str(stated.path), "line": stated.line, "budget": stated.place}
        return asdict(verdict) | where


def lines_of(result: Result) -> Iterator[str]:
    """For a terminal: what passes, what does not, and how many there are of each.

    What does not pass stands last, where it is seen. A note about a cell is said once.
    """
    said: dict[str | None, set[str]] = {}
    for verdict in sorted(result.verdicts, key=lambda verdict: verdict.outcome != "pass"):
        known = said.setdefault(verdict.cell_id, set())
        yield text_of(replace(verdict, notes=tuple(n for n in verdict.notes if n not in known)))
        known |= set(verdict.notes)
    if result.verdicts:
        yield result.counts
    if any(v.outcome == "fail" and v.baseline is not None for v in result.verdicts):
        yield f"growth that is meant: {AGREE}"


def text_of(verdict: Verdict) -> str:
    """Its line, and below it what it comes from."""
    below = [*verdict.notes, *([verdict.hint] if verdict.hint is not None else [])]
    lines = [line for note in below for line in note.splitlines()]
    return "\n".join([verdict.line, *(f"     {line}" for line in lines)])
