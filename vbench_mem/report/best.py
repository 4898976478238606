"""The row with the best recall of each benchmark, and the cheapest one that is nearly as good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.pareto import frontier
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.analysis.spread import score_text
from vbench_mem.report.sized import SizedRow, is_allowed

RECALL = "t2v_recall_at_1"


@dataclass(frozen=True)
class ScoredRow:
    sized: SizedRow
    score: AnyScore

    @property
    def row(self) -> Row:
        return self.sized.row

    @property
    def text(self) -> str:
        known = "a predicted " if self.sized.is_predicted else ""
        return f"{score_text(self.score)} at {known}{self.sized.size}"


def is_own_recall(score: AnyScore) -> bool:
    """Not a published one: that was not measured with these weights."""
    return score.alias == RECALL and score.origin != "published"


def retrieval(joined: Joined, sized: dict[str, SizedRow]) -> list[str]:
    """One sentence for each benchmark with a recall of ours or of a file."""
    found: dict[str, list[ScoredRow]] = {}
    for each in sized.values():
        for score in each.row.scores.values():
            if is_own_recall(score):
                found.setdefault(score.column, []).append(ScoredRow(each, score))
    return [best_of(joined, some) for some in found.values()]


def best_of(joined: Joined, every: Sequence[ScoredRow]) -> str:
    """Of rows of one device, mode and batch, since memory is comparable among these alone, all
    measured or all predicted, and within the budget where they have one."""
    allowed = [each for each in every if is_allowed(joined, each.sized)]
    some = allowed or every
    best = max(some, key=lambda each: (each.score.value, -each.sized.bytes))
    if len(every) == 1:
        name = f"On {best.score.dataset}, {best.row.label}"
        return f"{name} has T2V R@1 {best.text}; no other row has one to compare."
    alike = [each for each in some if kind_of(each) == kind_of(best)]
    under = " within the budget" if len(allowed) not in (0, len(every)) else ""
    text = f"On {best.score.dataset}, {best.row.label} retrieves best{under}: T2V R@1 {best.text}"
    spread = best.score.spread
    if spread is None:
        return f"{text}{runner_up(best, alike)}."
    close = [each for each in alike if each.score.value >= best.score.value - spread]
    cheapest = min(close, key=lambda each: (each.sized.bytes, -each.score.value))
    if cheapest.sized.bytes == best.sized.bytes:
        return f"{text}; no other row within its spread over seeds needs less memory."
    other = f"{cheapest.row.label}, {cheapest.text}"
    return f"{text}; the cheapest within its spread over seeds is {other}."


def runner_up(best: ScoredRow, alike: Sequence[ScoredRow]) -> str:
    """The next on the frontier, of scores without a spread."""
    order = frontier([(each.sized.bytes, each.score.value) for each in alike])
    cheaper = [alike[i] for i in order if alike[i].sized.bytes < best.sized.bytes]
    one = ", with one seed and so without a spread" if best.score.origin == "measured" else ""
    if not cheaper:
        return f"{one}; no row that needs less memory is on the frontier"
    return f"{one}; the next on the frontier is {cheaper[-1].row.label}, {cheaper[-1].text}"


def kind_of(one: ScoredRow) -> tuple[Any, ...]:
    cell = one.row.cell
    return cell.load.mode, cell.load.batch, cell.runtime.device, one.sized.is_predicted
