"""The row with the best recall of each benchmark, and a cheaper one that is nearly as good."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.pareto import frontier
from vbench_mem.analysis.spread import score_text
from vbench_mem.report.document import Fact
from vbench_mem.report.panels import value
from vbench_mem.report.series import MemoryPoint, limit_of

RECALL = "t2v_recall_at_1"


def recall_facts(joined: Joined, sized: Iterable[MemoryPoint]) -> Iterator[Fact]:
    """Of each benchmark with a recall of ours or of a file. A published one was not measured with
    these weights."""
    found: dict[str, list[MemoryPoint]] = {}
    for point in sized:
        for score in point.row.scores.values():
            if score.alias == RECALL and score.origin != "published":
                found.setdefault(score.column, []).append(replace(point, score=score))
    for some in found.values():
        yield from benchmark_facts(joined, some)


def benchmark_facts(joined: Joined, every: Sequence[MemoryPoint]) -> Iterator[Fact]:
    """The best row within the budget, if any is; compared with it are rows of its device, mode and
    batch that are measured or predicted as it is, since only their memory is comparable."""
    limits = [limit_of(joined, each.row) for each in every]
    allowed = [
        each
        for each, limit in zip(every, limits, strict=True)
        if limit is None or each.bytes <= limit
    ]
    some = allowed or every
    best = max(some, key=lambda each: (value(each), -each.bytes))
    assert best.score is not None
    score, spread = best.score, best.score.spread
    what = f"T2V R@1 on {score.dataset}"
    if len(every) == 1:
        yield what, f"{recall_text(best)}; no other row has one"
        return
    within = " within the budget" if len(allowed) not in (0, len(every)) else ""
    seeds = "; one seed, no spread" if spread is None and score.origin == "measured" else ""
    yield f"Best {what}{within}", f"{recall_text(best)}{seeds}"
    alike = [each for each in some if kind_of(each) == kind_of(best)]
    if spread is None:
        order = frontier([(each.bytes, value(each)) for each in alike])
        cheaper = [alike[i] for i in order if alike[i].bytes < best.bytes]
        text = recall_text(cheaper[-1]) if cheaper else "no row with less memory"
        yield f"Next on the frontier of {score.dataset}", text
        return
    close = [each for each in alike if value(each) >= value(best) - spread]
    cheapest = min(close, key=lambda each: (each.bytes, -value(each)))
    text = recall_text(cheapest) if cheapest.bytes < best.bytes else "the same row"
    yield f"Least memory within that spread on {score.dataset}", text


def recall_text(point: MemoryPoint) -> str:
    """`42.0 % at 4.00 GiB (joint_test frames=8)`."""
    assert point.score is not None
    return f"{score_text(point.score)} at {point.size_text} ({point.row.label})"


def kind_of(point: MemoryPoint) -> tuple[Any, ...]:
    cell = point.row.cell
    return cell.load.mode, cell.load.batch, cell.runtime.device, point.basis
