"""The row with the best recall of each benchmark, and the cheapest one that is nearly as good."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.pareto import frontier
from vbench_mem.analysis.spread import score_text
from vbench_mem.base.units import format_bytes
from vbench_mem.report.document import Fact
from vbench_mem.report.panels import value
from vbench_mem.report.pictures.frontier import benchmarks
from vbench_mem.report.series import PlotPoint, limit_of


def best_recalls(joined: Joined, sized: dict[str, PlotPoint]) -> Iterator[Fact]:
    """One fact for each benchmark with a recall of ours or of a file."""
    names = benchmarks([point.row for point in sized.values()])
    for column, name in names.items():
        some = [replace(each, score=each.row.scores.get(column)) for each in sized.values()]
        scored = [each for each in some if each.score is not None]
        label = "Best recall" if len(scored) > 1 else "Recall"
        yield f"{label} at 1, {name}", best_of(joined, scored)


def best_of(joined: Joined, every: Sequence[PlotPoint]) -> str:
    """Of rows of one device, mode and batch, since memory is comparable among these alone, all
    measured or all predicted, and within the budget where they have one."""
    allowed = [each for each in every if each.bytes <= limit_of(joined, each.row)]
    some = allowed or every
    best = max(some, key=lambda each: (value(each), -each.bytes))
    if len(every) == 1:
        return f"{text_of(best)}; no other row has one to compare"
    alike = [each for each in some if kind_of(each) == kind_of(best)]
    under = " within the budget" if len(allowed) not in (0, len(every)) else ""
    spread = best.score.spread if best.score else None
    if spread is None:
        return text_of(best) + under + runner_up(best, alike)
    close = [each for each in alike if value(each) >= value(best) - spread]
    cheapest = min(close, key=lambda each: (each.bytes, -value(each)))
    if cheapest.bytes == best.bytes:
        return f"{text_of(best)}{under}; no row within its spread over seeds needs less memory"
    return f"{text_of(best)}{under}; cheapest within its spread over seeds: {text_of(cheapest)}"


def runner_up(best: PlotPoint, alike: Sequence[PlotPoint]) -> str:
    """The next on the frontier, of scores without a spread."""
    order = frontier([(each.bytes, value(each)) for each in alike])
    cheaper = [alike[place] for place in order if alike[place].bytes < best.bytes]
    is_measured = best.score is not None and best.score.origin == "measured"
    seeds = " (one seed, no spread)" if is_measured else ""
    if not cheaper:
        return f"{seeds}; no row that needs less memory is on the frontier"
    return f"{seeds}; next on the frontier: {text_of(cheaper[-1])}"


def text_of(point: PlotPoint) -> str:
    """`joint_test frames=8, 42.0 % at 4.00 GiB`."""
    assert point.score is not None
    known = "a predicted " if point.basis == "predicted" else ""
    return f"{point.row.label}, {score_text(point.score)} at {known}{format_bytes(point.bytes)}"


def kind_of(point: PlotPoint) -> tuple[Any, ...]:
    cell = point.row.cell
    return cell.load.mode, cell.load.batch, cell.runtime.device, point.basis
