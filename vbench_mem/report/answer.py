"""The answer of a matrix in a few sentences, computed from its rows. Never interprets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.budgets.partner import find_partner
from vbench_mem.join import Joined, Row
from vbench_mem.report.series import MEMORY
from vbench_mem.report.spread import score_text
from vbench_mem.report.trained import peak
from vbench_mem.scores.measured import MeasuredScore
from vbench_mem.scores.score import AnyScore
from vbench_mem.units import format_bytes

MOST_LOADS = 4  # of more, only the smallest and the largest get a sentence


def answer(joined: Joined) -> list[str]:
    """What needs least and most memory at each load, what masking leaves, what retrieves best and
    what is as good within its spread and cheaper, and how cells ended."""
    return [*_extremes(joined), *_masking(joined), *_retrieval(joined), _endings(joined)]


def load_of(row: Row) -> str:
    """`frames=16 batch=8`: what the label says beyond the variant; `16 frames` where nothing."""
    said = row.label.removeprefix(row.cell.variant).strip()
    return said or f"{row.cell.load.frames} frames"


def _extremes(joined: Joined) -> list[str]:
    """One sentence a load: the rows with the smallest and the largest peak."""
    loads: dict[str, list[Row]] = {}
    for row in joined.rows:
        if row.is_ok and row.metric(MEMORY):
            loads.setdefault(load_of(row), []).append(row)
    chosen = [rows for rows in loads.values() if len(rows) > 1]
    if len(chosen) > MOST_LOADS:
        chosen = [chosen[0], chosen[-1]]
    return [_extreme(rows) for rows in chosen]


def _extreme(rows: Sequence[Row]) -> str:
    low, high = (pick(rows, key=_peak) for pick in (min, max))
    least, most = _peak(low), _peak(high)
    return (
        f"At {load_of(low)}, {low.cell.variant} needs the least memory, {format_bytes(least)}, "
        f"and {high.cell.variant} the most, {format_bytes(most)}, {most / least:.2g} times as much."
    )


def _peak(row: Row) -> float:
    return row.metric(MEMORY) or 0


def _masking(joined: Joined) -> list[str]:
    """What each mask leaves of the peak of the same row without one."""
    ratios: dict[float, list[float]] = {}
    for row in joined.rows:
        if not (row.cell.recipe.mask and row.is_ok and row.cell.load.mode == "train"):
            continue
        plain, _ = find_partner(row, {"mask": 0.0}, joined.rows)
        if plain is not None and plain.is_ok and _peak(plain) and _peak(row):
            ratios.setdefault(row.cell.recipe.mask, []).append(_peak(row) / _peak(plain))
    return [
        f"Masking {100 * mask:g} % of the tokens leaves {_span(some)} of the unmasked peak "
        f"({len(some)} {'pair' if len(some) == 1 else 'pairs'} of rows)."
        for mask, some in sorted(ratios.items())
    ]


def _span(ratios: Sequence[float]) -> str:
    low, high = f"{100 * min(ratios):.0f}", f"{100 * max(ratios):.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def _retrieval(joined: Joined) -> list[str]:
    """One sentence for each benchmark that something trained here was asked, and has a peak."""
    found: dict[str, list[Scored]] = {}
    for row in joined.rows:
        size = peak(row)
        for score in row.scores.values():
            is_best = isinstance(score, MeasuredScore) and score.alias == "t2v_recall_at_1"
            if is_best and size is not None:
                found.setdefault(score.column, []).append(Scored(row, score, size))
    return [_best(some) for some in found.values()]


@dataclass(frozen=True)
class Scored:
    row: Row
    score: AnyScore
    peak: int


def _best(some: Sequence[Scored]) -> str:
    """Of rows of one mode and batch, since the memory of unlike batches is no alternative."""
    best = max(some, key=lambda each: (each.score.value, -each.peak))
    alike = [each for each in some if each.row.cell.load.batch == best.row.cell.load.batch]
    said = (
        f"On {best.score.dataset}, {best.row.label} retrieves best: T2V R@1 "
        f"{score_text(best.score)} at {format_bytes(best.peak)}"
    )
    spread = best.score.spread
    if spread is None:
        return f"{said}, with one seed and so without a spread."
    within = [each for each in alike if each.score.value >= best.score.value - spread]
    cheapest = min(within, key=lambda each: (each.peak, -each.score.value))
    if cheapest.peak == best.peak:
        return f"{said}; nothing within its spread over seeds needs less."
    return (
        f"{said}; the cheapest within its spread over seeds is {cheapest.row.label}, "
        f"{score_text(cheapest.score)} at {format_bytes(cheapest.peak)}."
    )


def _endings(joined: Joined) -> str:
    """How many cells ran, and how the others ended."""
    counts = Counter(row.state for row in joined.rows)
    ran = counts.pop("ok", 0)
    rest = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{ran} of {len(joined.rows)} cells ran" + (f"; the others: {rest}." if rest else ".")
