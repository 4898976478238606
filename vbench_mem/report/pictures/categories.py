"""What the peak is made of: a stacked bar for each row, measured or else predicted."""

from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.metrics import MEMORY, PREDICTED_MEMORY
from vbench_mem.report.facets import bars
from vbench_mem.report.plan import Plan, drawn_as
from vbench_mem.report.scheme import Scheme, scheme_of
from vbench_mem.report.series import Basis, PlotPoint, step_word
from vbench_mem.report.style import CATEGORIES

REST = "rest"  # what the predicted categories do not add up to: of no tensor
SEEN = 0.002  # of a peak: less of the rest is no bar


@dataclass(frozen=True, kw_only=True)
class CategoryStack(PlotPoint):
    """Bytes at the peak by category; they add up to `memory`, but for a rest too small to be
    seen."""

    parts: dict[str, int]


def stacks(joined: Joined) -> list[CategoryStack]:
    """Every row whose peak is known by category, in the matrix's order."""
    scheme = scheme_of(joined)
    return [stack for row in joined.rows if (stack := stack_of(row, scheme)) is not None]


def stack_of(row: Row, scheme: Scheme) -> CategoryStack | None:
    """What was measured, where all of it was; else what is predicted."""
    ways: list[tuple[str, str, Basis]] = [(PREDICTED_MEMORY, "predicted_", "predicted")]
    if row.is_ok:
        ways.insert(0, (MEMORY, "", "measured"))
    for whole, prefix, basis in ways:
        peak = row.metric(whole)
        parts = {name: row.metric(f"{prefix}{name}_bytes") for name in CATEGORIES if name != REST}
        sizes = {name: int(size) for name, size in parts.items() if size is not None}
        if peak is None or len(sizes) < len(parts):
            continue
        rest = int(peak) - sum(sizes.values())
        return CategoryStack(
            row=row,
            series=row.label,
            scheme=scheme,
            memory=int(peak),
            parts=sizes | ({REST: rest} if rest > SEEN * peak else {}),
            basis=basis,
        )
    return None


def plans(joined: Joined) -> list[Plan]:
    found = stacks(joined)
    title = "What the peak is made of"
    if not found:
        why = "no row has a peak by category, neither measured nor predicted"
        return [Plan(name="memory_categories", title=title, skipped=why)]

    chosen, left_out = bars(found, joined)
    is_pale = any(stack.basis == "predicted" for stack in chosen)
    captions = (
        f"Memory at the peak of {step_word(chosen)}, by what it is for; the number at a "
        "bar's end is the peak.",
        "Pale bars are predicted, not measured." if is_pale else "",
        left_out,
    )
    return [drawn_as("memory_categories", title, (chosen,), *captions)]
