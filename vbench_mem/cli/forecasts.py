"""Forecasts on the terminal, and as JSON for programs, with the origin of every number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from vbench_mem.base.metrics import show
from vbench_mem.base.units import format_bytes
from vbench_mem.cli.terminal import Look, new_console, new_table
from vbench_mem.machine.cards import Card
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.probes.prediction import Prediction, Unpredicted
from vbench_mem.running.forecast import MEASURED, RECORDS, START_S, UTILISATION, Forecast
from vbench_mem.running.memory_limit import Fit
from vbench_mem.running.plan import RunPlan

COLUMNS: tuple[tuple[str, Look], ...] = (
    *(("cell", "text"), ("peak", "number"), ("in", "word"), ("fits", "word")),
    *(("GFLOP/step", "number"), ("minutes", "number")),
)
SUMS = {  # counts of `totals`, as they are labelled
    "cells": "cells",
    "fit": "fit",
    "tight": "may not fit",
    "do_not_fit": "cannot fit",
    "not_judged": "not judged",
    "not_predicted": "not predicted",
    "skipped": "skipped by rule",
}
FITS = {
    Fit.FITS: "[green]yes[/]",
    Fit.TIGHT: "[yellow]maybe[/]",
    Fit.TOO_LARGE: "[red]no[/]",
}


def draw(matrix: Matrix, plan: RunPlan, found: Sequence[Forecast], card: Card | None) -> None:
    """One row for each cell in the order of a run, then the totals and the reasons of gaps."""
    console = new_console()
    where = "this machine" if card is None else card.title
    if card is not None and card.name is not None:
        where += f", {card.memory} ({card.source})"
    rows = [row_of(matrix, each) for each in found]
    shown = len(COLUMNS) if any(row[-1] for row in rows) else len(COLUMNS) - 1
    table = new_table(COLUMNS[:shown], f"{matrix.name} on {where}")
    for row in rows:
        table.add_row(*row[:shown])
    console.print(table)
    for line in [*sums(matrix, plan, found), *notes(matrix, plan, found)]:
        console.print(line, markup=False)


def row_of(matrix: Matrix, each: Forecast) -> list[str]:
    size, phase = each.peak or (None, "")
    return [
        escape(matrix.label(each.cell)),
        "" if size is None else format_bytes(size),
        phase,
        "" if each.fit is None else FITS[each.fit],
        "" if each.flop is None else show("step_gflop", each.flop / 1e9),
        "" if each.seconds is None or each.fit is Fit.TOO_LARGE else minutes(each.seconds),
    ]


def minutes(seconds: float) -> str:
    """`0.25`, `2.5`, `14`: no more digits than an estimate has."""
    found = seconds / 60
    for limit, digits in ((1, 2), (10, 1)):
        if float(text := f"{found:.{digits}f}") < limit:
            return text
    return f"{found:,.0f}"


def totals(plan: RunPlan, found: Sequence[Forecast]) -> dict[str, int | float | None]:
    """Counts by kind, and the minutes of the cells that a run would still measure (at most their
    timeouts); None if one of them has no time."""
    kinds = Counter(each.fit for each in found)
    left = [
        each for each in found if each.seconds_from != MEASURED and each.fit is not Fit.TOO_LARGE
    ]
    seconds = [min(e.seconds, e.cell.protocol.timeout_s) for e in left if e.seconds is not None]
    return {
        "cells": len(found),
        "fit": kinds[Fit.FITS],
        "tight": kinds[Fit.TIGHT],
        "do_not_fit": kinds[Fit.TOO_LARGE],
        "not_judged": sum(e.fit is None and isinstance(e.outcome, Prediction) for e in found),
        "not_predicted": sum(isinstance(each.outcome, Unpredicted) for each in found),
        "skipped": len(plan.skipped),
        "measured": sum(each.seconds_from == MEASURED for each in found),
        "to_measure": len(left),
        "timed": len(seconds),
        "minutes": round(sum(seconds) / 60, 3) if len(seconds) == len(left) else None,
        "timed_minutes": round(sum(seconds) / 60, 3),
    }


def sums(matrix: Matrix, plan: RunPlan, found: Sequence[Forecast]) -> list[str]:
    """The totals as labelled facts, and what the numbers are."""
    counts = totals(plan, found)
    kinds = {name: count for name in SUMS if (count := counts[name]) or name == "cells"}
    lines = [", ".join(f"{SUMS[name]}: {count}" for name, count in kinds.items())]
    if measured := counts["measured"]:
        lines.append(f"measured already, not repeated by a run: {measured}")
    if timed := int(counts["timed"] or 0):
        text = f"minutes: about {minutes(60 * (counts['timed_minutes'] or 0))} for {timed} of them"
        more = int(counts["to_measure"] or 0) - timed
        lines.append(text + (f"; of unknown length: {more}" if more else ""))
    run = [each for each in found if each.fit is not Fit.TOO_LARGE]
    origins = {each.seconds_from for each in run if each.seconds is not None}
    if origins - {MEASURED, RECORDS}:
        lines.append(
            f"minutes: FLOPs at {100 * UTILISATION:g} % of the dense peak of the dtype, plus "
            f"{START_S:g} s to start a cell, without decoding"
        )
    if RECORDS in origins:
        lines.append(f"minutes: from {RECORDS}")
    if late := sum(each.times_out for each in run):
        lines.append(f"longer than protocol.timeout_s: {late}")
    if any(each.target == "cpu" for each in found):
        lines.append("on a CPU the peak is that of the tensors, without that of Python and torch")
    if counts["do_not_fit"] and not matrix.try_predicted:
        lines.append(
            "a run skips cells that cannot fit; try_predicted: true in the matrix runs them"
        )
    if matrix.accuracy is not None:
        stages, trained = len(matrix.accuracy.stages), len(matrix.accuracy.cells)
        lines.append(
            f"not included: the accuracy section (trainings: {trained}, earlier stages: {stages})"
        )
    return lines


def notes(matrix: Matrix, plan: RunPlan, found: Sequence[Forecast]) -> list[str]:
    """The reasons of gaps, equal ones together."""
    groups: dict[str, list[Cell]] = {}
    for each in found:
        if each.fit is Fit.TIGHT:
            groups.setdefault(f"may not fit: {each.why}", []).append(each.cell)
        elif isinstance(each.outcome, Unpredicted):
            groups.setdefault(f"not predicted: {each.outcome.reason}", []).append(each.cell)
        elif each.fit is None:
            groups.setdefault(f"not judged: {each.why}", []).append(each.cell)
    for each in found:
        is_run = isinstance(each.outcome, Prediction) and each.fit is not Fit.TOO_LARGE
        if each.seconds is None and is_run:
            groups.setdefault(f"no minutes: {each.seconds_from}", []).append(each.cell)
    for cell in plan.cells:
        if cell.id in plan.skipped:
            groups.setdefault(f"skipped: {plan.skipped[cell.id]}", []).append(cell)
    lines = [
        f"{matrix.label(some[0]) if len(some) == 1 else f'{len(some)} cells'}: {reason}"
        for reason, some in groups.items()
    ]
    return lines + [f"skipped: {line}" for line in matrix.dropped]


def json_of_forecasts(
    matrix: Matrix, plan: RunPlan, found: Sequence[Forecast], card: Card | None
) -> dict[str, Any]:
    """Everything that `draw` shows, unrounded, and the reason for every null."""
    return {
        "matrix": matrix.name,
        "card": None if card is None else asdict(card),
        "utilisation": UTILISATION,
        "start_s": START_S,
        "try_predicted": matrix.try_predicted,
        "cells": [json_of_one(matrix, each) for each in found],
        "skipped": [
            {"id": cell.id, "label": matrix.label(cell), "reason": plan.skipped[cell.id]}
            for cell in plan.cells
            if cell.id in plan.skipped
        ],
        "dropped": list(matrix.dropped),
        "totals": totals(plan, found),
    }


def json_of_one(matrix: Matrix, each: Forecast) -> dict[str, Any]:
    size, phase = each.peak or (None, None)
    outcome, memory_limit = each.outcome, each.memory_limit
    return {
        "id": each.cell.id,
        "label": matrix.label(each.cell),
        "variant": each.cell.variant,
        "target": each.target,
        "peak_bytes": size,
        "peak_phase": phase,
        "memory_limit_bytes": memory_limit and memory_limit.most_bytes,
        "memory_limit_of": memory_limit and memory_limit.of,
        "fit": each.fit,
        "why": each.why,
        "step_flop": each.flop,
        "seconds": each.seconds,
        "seconds_from": each.seconds_from,
        "times_out": each.times_out,
        "predicted": outcome.metrics() if isinstance(outcome, Prediction) else None,
    }
