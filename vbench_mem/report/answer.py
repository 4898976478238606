"""The answer of a matrix in a few sentences, computed from its rows. Never interprets."""

import math
from collections import Counter
from collections.abc import Sequence

from vbench_mem.analysis.budgets.partner import Partners
from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.pareto import frontier
from vbench_mem.base.metrics import show
from vbench_mem.base.units import format_bytes
from vbench_mem.report.best import retrieval
from vbench_mem.report.document import Answer
from vbench_mem.report.sized import SizedRow, limit_of, sized_rows

MOST_LOADS = 4  # of more, only the smallest and the largest get a sentence
MOST_NAMES = 3  # of rows that did not fit
PREDICTED = ("predicted", "does not fit", "tight", "unpredicted")
WORDS = {  # of rows that nobody ran
    "does not fit": "too large",
    "tight": "may be too large",
    "unpredicted": "not predicted",
    "skipped": "skipped",
    "missing": "not predicted",
}
MOST_LEAD = 2  # sentences before the one on how cells ended


def answer(joined: Joined) -> Answer:
    """In the lead what retrieves best or needs least, what the best alternative costs, and what did
    not fit; then the other loads, and what masking leaves."""
    sized = sized_rows(joined)
    loads = by_load(sized)
    best = retrieval(joined, sized)
    first = best or hardest(joined, loads)
    told = [] if best else list(loads)[-1:]
    more = [
        *first[MOST_LEAD:],
        *extremes(joined, {load: some for load, some in loads.items() if load not in told}),
        *masking(joined, sized),
    ]
    return Answer(lead=(*first[:MOST_LEAD], endings(joined)), more=tuple(more))


def load_of(row: Row) -> str:
    """`frames=16 batch=8`: what the label says beyond the variant; `16 frames` where nothing."""
    said = row.label.removeprefix(row.cell.variant).strip()
    return said or f"{row.cell.load.frames} frames"


def by_load(sized: dict[str, SizedRow]) -> dict[str, list[SizedRow]]:
    """Loads with something to choose from, in the matrix's order."""
    loads: dict[str, list[SizedRow]] = {}
    for each in sized.values():
        loads.setdefault(load_of(each.row), []).append(each)
    return {load: some for load, some in loads.items() if len(some) > 1}


def hardest(joined: Joined, loads: dict[str, list[SizedRow]]) -> list[str]:
    """Two sentences on the last load: what needs the least, and what the best alternative costs."""
    if not loads:
        return []
    load, some = list(loads.items())[-1]
    low = min(some, key=lambda each: (each.bytes, each.step_ms or math.inf))
    need = "is predicted to need" if low.is_predicted else "needs"
    step = f" and {show('step_ms', low.step_ms)} ms a step" if low.step_ms else ""
    first = f"At {load}, {low.row.cell.variant} {need} the least memory, {low.size}{step}"
    return [f"{first}{within(joined, load, some)}.", *alternative(low, some)]


def are_all(joined: Joined, load: str, some: Sequence[SizedRow]) -> bool:
    """Is there a number of every row of the load? What did not fit has none."""
    return len(some) == sum(load_of(row) == load for row in joined.rows if not row.by_rule)


def within(joined: Joined, load: str, some: Sequence[SizedRow]) -> str:
    """How many rows a budget on memory allows, where one is on them."""
    limits = {each.row.cell.id: limit_of(joined, each.row) for each in some}
    known = {limit for limit in limits.values() if limit is not None}
    if len(known) != 1:
        return ""
    limit = known.pop()
    judged = [each for each in some if limits[each.row.cell.id] is not None]
    kept = sum(each.bytes <= limit for each in judged)
    budget = f"within the {format_bytes(limit)} of the budget"
    verb = "is" if kept == 1 else "are"
    if len(judged) < len(some):
        if len(judged) == 1:
            return f"; the only row with a budget is {'' if kept else 'not '}{budget}"
        return f"; {kept} of the {len(judged)} with a budget {verb} {budget}"
    if are_all(joined, load, some):
        rows = f"all {kept}" if kept == len(judged) else f"{kept} of {len(judged)}"
        return f"; {rows} rows {verb} {budget}"
    count = "all" if kept == len(judged) else str(kept)
    return f"; {count} of the {len(judged)} rows with a number {verb} {budget}"


def alternative(low: SizedRow, some: Sequence[SizedRow]) -> list[str]:
    """The next on the frontier of memory and time; where nothing is faster, the next in memory."""
    timed = [each for each in some if each.step_ms] if low.step_ms else []
    best = [timed[i] for i in frontier([(each.bytes, -(each.step_ms or 0)) for each in timed])]
    faster = [each for each in best if each.bytes > low.bytes]
    if faster:
        other = faster[0]
        return [
            f"The best alternative, {other.row.cell.variant}, is faster, "
            f"{show('step_ms', other.step_ms)} ms a step, and needs {times(other, low)}."
        ]
    others = [each for each in some if each.row.cell.variant != low.row.cell.variant]
    if not others:
        return []
    other = min(others, key=lambda each: each.bytes)
    start = "Nothing is faster; the next" if timed else "The next"
    return [f"{start} in memory, {other.row.cell.variant}, needs {times(other, low)}."]


def times(other: SizedRow, low: SizedRow) -> str:
    """`2.00 GiB, 2 times as much`; how it is known where that is unlike the other."""
    known = "predicted" if other.is_predicted else "measured"
    basis = "" if other.is_predicted == low.is_predicted else f" {known}"
    ratio = f"{other.bytes / low.bytes:.3g}"
    return f"{other.size}{basis}, " + ("as much" if ratio == "1" else f"{ratio} times as much")


def extremes(joined: Joined, loads: dict[str, list[SizedRow]]) -> list[str]:
    """One sentence a load: the rows with the smallest and the largest peak."""
    chosen = list(loads.items())
    if len(chosen) > MOST_LOADS:
        chosen = [chosen[0], chosen[-1]]
    return [extreme(load, some, are_all(joined, load, some)) for load, some in chosen]


def extreme(load: str, some: Sequence[SizedRow], are_all: bool) -> str:
    low, high = (pick(some, key=lambda each: each.bytes) for pick in (min, max))
    if low.bytes == high.bytes and low.is_predicted == high.is_predicted:
        every = "are predicted to need" if low.is_predicted else "need"
        rows = f"all {len(some)} rows" if are_all else f"the {len(some)} rows with a number"
        return f"At {load}, {rows} {every} {low.size}."
    need = "is predicted to need" if low.is_predicted else "needs"
    return (
        f"At {load}, {low.row.cell.variant} {need} the least memory, {low.size}, and "
        f"{high.row.cell.variant} the most{'' if are_all else ' of rows with a number'}, "
        f"{times(high, low)}."
    )


def masking(joined: Joined, sized: dict[str, SizedRow]) -> list[str]:
    """What each mask leaves of the peak of the same row without one."""
    ratios: dict[float, list[float]] = {}
    unmasked = Partners({"mask": 0.0}, joined.rows)
    for each in sized.values():
        row = each.row
        if not row.cell.recipe.mask or row.cell.load.mode != "train":
            continue
        plain, _ = unmasked.of(row)
        other = sized.get(plain.cell.id) if plain is not None else None
        if other is not None and other.is_predicted == each.is_predicted:
            ratios.setdefault(row.cell.recipe.mask, []).append(each.bytes / other.bytes)
    return [
        f"Masking {100 * mask:g} % of the tokens leaves {span(some)} of the unmasked peak "
        f"({len(some)} {'pair' if len(some) == 1 else 'pairs'} of rows)."
        for mask, some in sorted(ratios.items())
    ]


def span(ratios: Sequence[float]) -> str:
    low, high = f"{100 * min(ratios):.0f}", f"{100 * max(ratios):.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def endings(joined: Joined) -> str:
    """How many cells ran, how the others ended, and what did not fit."""
    if any(row.state in PREDICTED for row in joined.rows):
        return predicted_endings(joined)
    counts = Counter(row.state for row in joined.rows)
    ran = counts.pop("ok", 0)
    rest = ", ".join(f"{count} {state}" for state, count in counts.items())
    said = f"{ran} of {len(joined.rows)} cells ran" + (f"; the others: {rest}" if rest else "")
    found: dict[str, list[str]] = {}
    for row in joined.rows:
        if row.is_out_of_memory:
            is_tried = row.record is None or row.record.predicted_bytes is None
            found.setdefault("out of memory" if is_tried else "predicted not to fit", []).append(
                row.label
            )
    return "; ".join([said, *(f"{how}: {some_of(names)}" for how, names in found.items())]) + "."


def predicted_endings(joined: Joined) -> str:
    """How many cells are predicted to fit, where they are held against a memory."""
    by_state: dict[str, list[str]] = {}
    for row in joined.rows:
        by_state.setdefault(row.state, []).append(row.label)
    good, count = len(by_state.pop("predicted", [])), len(joined.rows)
    if not any(row.limit_bytes for row in joined.rows):
        said = f"{good} of {count} cells could be predicted"
    else:
        said = f"{good} of {count} cells {'is' if good == 1 else 'are'} predicted to fit"
    return "; ".join([said, *(f"{WORDS[s]}: {some_of(n)}" for s, n in by_state.items())]) + "."


def some_of(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
