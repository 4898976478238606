"""The summary of a matrix as short labelled facts, computed from its rows. No interpretation."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vbench_mem.analysis.budgets.partner import Partners
from vbench_mem.analysis.join import Joined
from vbench_mem.analysis.pareto import frontier
from vbench_mem.base.metrics import show
from vbench_mem.base.units import format_bytes
from vbench_mem.report.best import best_recalls
from vbench_mem.report.document import Fact, Summary
from vbench_mem.report.series import PlotPoint, limit_of, memory_points
from vbench_mem.running.record import RowState

MOST_LOADS = 4  # with more, only the first and the last load get facts
MOST_NAMES = 3
NOT_FITTING = {  # states of predicted rows, as the summary labels them
    RowState.DOES_NOT_FIT: "Predicted not to fit",
    RowState.TIGHT: "May not fit",
    RowState.UNPREDICTED: "Not predicted",
}

CONDITIONS: dict[str, Callable[[Any], str]] = {
    "mode": lambda mode: "embedding only" if mode == "embed" else "",
    "frames": lambda count: f"{count} frame{'' if count == 1 else 's'}",
    "batch": lambda count: f"batch {count}",
    "resolution_px": lambda side: f"{side} px",
    "dtype": str,
    "optimizer": lambda form: f"AdamW ({form})",
    "attention": lambda kernel: "" if kernel == "auto" else f"{kernel} attention",
    "checkpoint": lambda is_on: "layers recomputed" if is_on else "",
    "compile": lambda is_on: "compiled" if is_on else "",
    "input": lambda kind: "clips from files" if kind == "clips" else "",
    "device": lambda name: "" if name == "auto" else name,
}


def summary(joined: Joined) -> Summary:
    """Recall, Pareto frontier, budget and peak memory by load, masking, how cells ended."""
    points = memory_points(joined)
    sized = {each.row.cell.id: each for each in points if not each.row.is_out_of_memory}
    loads = list(by_load(sized).items())
    if len(loads) > MOST_LOADS:
        loads = [loads[0], loads[-1]]
    facts = list(best_recalls(joined, sized))
    for load, some in reversed(loads):
        facts += load_facts(joined, load, some)
    return Summary((*facts, *masking(joined, sized), *endings(joined)))


def by_load(sized: dict[str, PlotPoint]) -> dict[str, list[PlotPoint]]:
    """Loads with several rows, in the matrix's order: by the part of the label after the variant,
    `frames=16 batch=8`, else `16 frames`."""
    loads: dict[str, list[PlotPoint]] = {}
    for each in sized.values():
        rest = each.row.label.removeprefix(each.row.cell.variant).strip()
        loads.setdefault(rest or f"{each.frames} frames", []).append(each)
    return {load: some for load, some in loads.items() if len(some) > 1}


def load_facts(joined: Joined, load: str, some: Sequence[PlotPoint]) -> Iterator[Fact]:
    low, high = (pick(some, key=lambda each: each.bytes) for pick in (min, max))
    yield f"Peak memory at {load}", f"{size_of(low)} to {size_of(high)}"
    times = [each.row.metric("step_ms") or 0 for each in some]
    if all(times):
        best = frontier([(each.bytes, -time) for each, time in zip(some, times, strict=True)])
        names = [
            f"{some[it].row.cell.variant} ({format_bytes(some[it].bytes)}, "
            f"{show('step_ms', times[it])} ms)"
            for it in best
        ]
        yield f"Pareto frontier of memory and step time at {load}", first_names(names)
    limits = {each.row.cell.id: limit_of(joined, each.row) for each in some}
    for limit in sorted({int(limit) for limit in limits.values() if limit < math.inf}):
        judged = [each.bytes <= limit for each in some if limits[each.row.cell.id] == limit]
        text = f"{sum(judged)} of {len(judged)} rows that have this budget and a peak"
        yield f"Within {format_bytes(limit)} at {load}", text


def size_of(each: PlotPoint) -> str:
    """`1.00 GiB predicted (joint_test)`."""
    basis = " predicted" if each.basis == "predicted" else ""
    return f"{format_bytes(each.bytes)}{basis} ({each.row.cell.variant})"


def masking(joined: Joined, sized: dict[str, PlotPoint]) -> Iterator[Fact]:
    """Peak of masked rows as a share of the peak of the same row without a mask."""
    ratios: dict[float, list[float]] = {}
    unmasked = Partners({"mask": 0.0}, joined.rows)
    for each in sized.values():
        row = each.row
        if not row.cell.recipe.mask or row.cell.load.mode != "train":
            continue
        plain, _ = unmasked.of(row)
        other = sized.get(plain.cell.id) if plain is not None else None
        if other is not None and other.basis == each.basis:
            ratios.setdefault(row.cell.recipe.mask, []).append(100 * each.bytes / other.bytes)
    for mask, some in sorted(ratios.items()):
        span = dict.fromkeys((f"{min(some):.0f}", f"{max(some):.0f}"))
        text = f"{' to '.join(span)} % of the unmasked peak (pairs of rows: {len(some)})"
        yield f"Masking {100 * mask:g} % of the tokens", text


def endings(joined: Joined) -> Iterator[Fact]:
    """How many cells ended in which state, and the rows that do not fit."""
    counts = Counter(row.state for row in joined.rows)
    has_limit = any(row.limit_bytes for row in joined.rows)
    names = {RowState.PREDICTED: "predicted to fit"} if has_limit else {}
    order = sorted(counts, key=lambda state: state not in (RowState.OK, RowState.PREDICTED))
    text = ", ".join(f"{counts[state]} {names.get(state, state)}" for state in order)
    yield "Cells", f"{text} (of {len(joined.rows)})"
    found: dict[str, list[str]] = {}
    for row in joined.rows:
        if row.is_out_of_memory:
            is_tried = row.record is None or row.record.predicted_bytes is None
            label = "Out of memory" if is_tried else NOT_FITTING[RowState.DOES_NOT_FIT]
            found.setdefault(label, []).append(row.label)
        elif row.state in NOT_FITTING:
            found.setdefault(NOT_FITTING[row.state], []).append(row.label)
    yield from ((label, first_names(some)) for label, some in found.items())


def first_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def conditions(joined: Joined) -> str:
    """`16 frames, batch 8, 96 px, float32`; settings that differ between rows are columns."""
    words = []
    for name, text_of in CONDITIONS.items():
        values = [row.facts.get(name) for row in joined.rows]
        if values and values[0] is not None and all(value == values[0] for value in values):
            words.append(text_of(values[0]))
    return ", ".join(filter(None, words))
