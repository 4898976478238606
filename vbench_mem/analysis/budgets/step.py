"""Budgets of predicted steps, as the pytest marker `memory_budget` states them, and their verdicts.

A budget limits the whole step, one phase of it, or one category at its peak: by a size, or by how
much it may grow over the entry of a committed baseline.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from vbench_mem.analysis.budgets.baseline import torch_version
from vbench_mem.analysis.budgets.growth import explain_growth
from vbench_mem.analysis.budgets.step_baseline import StepEntry
from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.base.units import format_bytes, parse_bytes, parse_growth
from vbench_mem.probes.prediction import STEP_PHASES, Prediction
from vbench_mem.probes.timeline import CATEGORIES

USE = (
    'write @pytest.mark.memory_budget("4 GiB") or @pytest.mark.memory_budget(max_growth="1 %"), '
    "with phase= or category= where only a part counts"
)
SHOWN = 5  # modules in a message


class MemoryBudget(NamedTuple):
    """`limit` is in bytes, or a share as a float, which only growth has."""

    limit: int | float
    phase: str | None
    category: str | None
    is_growth: bool = False

    def __str__(self) -> str:
        size = f"{100 * self.limit:g} %" if isinstance(self.limit, float) else None
        size = ("+" if self.is_growth else "") + (size or format_bytes(self.limit))
        return " ".join(filter(None, (size, self.phase or self.category)))

    @property
    def part(self) -> tuple[bool, str | None, str | None]:
        """What it limits: of two budgets for the same, the nearest to the test counts."""
        return self.is_growth, self.phase, self.category

    @property
    def metric(self) -> str:
        """Its name in the metric table."""
        name = self.category or (f"{self.phase}_peak" if self.phase else "peak")
        return f"predicted_{name}_bytes"

    @property
    def what(self) -> str:
        return self.phase or self.category or "a step"


def budgets_of(sizes: Sequence[Any], options: Mapping[str, Any]) -> Iterator[MemoryBudget]:
    """The budgets of a marker's arguments; raises `UsageError` for what cannot be read."""
    growth = options.get("max_growth")
    limits = len(sizes) + (growth is not None)
    if len(sizes) > 1 or not limits or options.keys() - {"phase", "category", "max_growth"}:
        raise UsageError(f"takes one size, max_growth, or both; {USE}")
    phase, category = options.get("phase"), options.get("category")
    if phase is not None and category is not None:
        raise UsageError("phase and category exclude each other: categories are those at the peak")
    for word, known in ((phase, STEP_PHASES), (category, CATEGORIES)):
        if word is not None and word not in known:
            raise UsageError(f"'{word}' is not known{nearest(str(word), known)}")
    for size in sizes:
        yield MemoryBudget(parse_bytes(size), phase, category)
    if growth is not None:
        try:
            limit = parse_growth(growth)
        except UsageError as error:
            raise UsageError(f"max_growth: {error}") from error
        yield MemoryBudget(limit, phase, category, is_growth=True)


def judge_step(prediction: Prediction, budget: MemoryBudget, entry: StepEntry | None) -> str | None:
    """The message if the budget is broken; `entry` is what growth is over."""
    needed = prediction.metrics()[budget.metric]
    if needed is None:
        phases = ", ".join(prediction.phases)
        return f"the step has no phase {budget.phase}; it has {phases}"
    if entry is not None:
        return judge_growth_of_step(prediction, needed, budget, entry)
    if needed <= budget.limit:
        return None
    return (
        f"{budget.what} is predicted to need {format_bytes(needed)} "
        f"({prediction.card or prediction.target}), {format_bytes(needed - budget.limit)} more "
        f"than the budget of {format_bytes(budget.limit)}\n{explain(prediction)}"
    )


def judge_growth_of_step(
    prediction: Prediction, needed: int, budget: MemoryBudget, entry: StepEntry
) -> str | None:
    hardware = prediction.card or prediction.target
    if (entry.target, entry.card) != (prediction.target, prediction.card):
        made = entry.card or entry.target
        return f"cannot be compared: the baseline is for {made}, this prediction for {hardware}"
    base = entry.metrics.get(budget.metric)
    if base is None:
        return f"cannot be compared: the step in the baseline has no phase {budget.phase}"
    share = isinstance(budget.limit, float)
    allowed = int(Decimal(str(budget.limit)) * (base if share else 1))  # shares exactly
    if needed - base <= allowed:
        return None
    limit = f"{100 * budget.limit:g} % or {format_bytes(allowed)}" if share else str(budget)[1:]
    torch = torch_version()
    other = f"; the baseline was predicted with torch {entry.torch}, this with {torch}"
    lines = [
        f"{budget.what} is predicted to need {format_bytes(needed)} ({hardware}), "
        f"{format_bytes(needed - base)} more than the {format_bytes(base)} of the baseline, and "
        f"may grow by {limit}{other if entry.torch != torch else ''}",
        *explain_growth(entry, prediction, budget.metric),
    ]
    return "\n".join(lines)


def explain(prediction: Prediction) -> str:
    """The memory at the peak by category and by module, the largest first."""

    def listed(sizes: dict[str, int]) -> str:
        found = sorted(sizes.items(), key=lambda each: -each[1])
        return ", ".join(f"{name} {format_bytes(size)}" for name, size in found if size)

    peak, categories = format_bytes(prediction.peak_bytes), dict(prediction.categories)
    lines = [f"the step's peak, {peak}, is in {prediction.peak_phase}: {listed(categories)}"]
    modules = {path or "(top level)": dict(sizes) for path, sizes in prediction.modules.items()}
    largest = sorted(modules, key=lambda path: -sum(modules[path].values()))[:SHOWN]
    wide = max(map(len, largest), default=0)
    for path in largest:
        size = format_bytes(sum(modules[path].values()))
        lines.append(f"  {path:{wide}}  {size:>10}  {listed(modules[path])}")
    return "\n".join(lines)
