"""Numbers of a verdict as text, with the unit of the budget's metric."""

from vbench_mem.base.metrics import METRICS, show
from vbench_mem.base.score_metrics import ALIASES
from vbench_mem.base.units import BINARY, format_bytes, significant
from vbench_mem.matrix.budget import Budget


def name_of(budget: Budget, column: str) -> str:
    """The metric, and for a score its column or dataset."""
    return f"{budget.metric} ({column})" if budget.is_score else budget.metric


def show_value(budget: Budget, value: float) -> str:
    """A value with its unit."""
    if budget.is_score:
        return f"{100 * value:.1f} %" if ALIASES[budget.metric].is_share else significant(value, 4)
    unit = METRICS[budget.metric].unit
    text = show(budget.metric, value)
    return text if unit in ("bytes", "share") else f"{text} {unit}"


def show_gap(budget: Budget, value: float) -> str:
    """A difference; in GiB where the limit is, unless it would be shown as 0."""
    if budget.unit == "bytes":
        in_gib = value / BINARY["GiB"]
        large = budget.limit >= BINARY["GiB"] and in_gib >= 0.01
        return f"{in_gib:.2f} GiB" if large else format_bytes(value)
    return show_drop(budget, value)


def show_drop(budget: Budget, value: float) -> str:
    """A difference; of shares in percentage points."""
    is_share = budget.unit == "share" or (budget.is_score and ALIASES[budget.metric].is_share)
    return f"{100 * value:.1f} points" if is_share else show_value(budget, value)


def show_growth(growth: int, base: int) -> str:
    """`52.0 MiB (4.13 %) above the baseline of 1.20 GiB`, and so for less."""
    if growth == 0:
        return f"equal to the baseline of {format_bytes(base)}"
    side = "above" if growth > 0 else "below"
    share = f" ({100 * abs(growth) / base:.2f} %)" if base else ""
    return f"{format_bytes(abs(growth))}{share} {side} the baseline of {format_bytes(base)}"
