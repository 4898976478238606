"""Applies predictions to a plan: cells that cannot fit are skipped, small groups come first.

Never imports torch. A cell without a prediction is run.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Hardware, Prediction, Unpredicted
from vbench_mem.running.memory_limit import Fit, MemoryLimit, PredictedOom, fit, largest_peak
from vbench_mem.running.plan import RunPlan, groups_of
from vbench_mem.running.record import Record, Status

Outcome = Prediction | Unpredicted
MemoryLimitOf = Callable[[Cell], MemoryLimit | None]


def skip_predicted_oom(
    plan: RunPlan,
    outcomes: Mapping[str, Outcome],
    memory_limit_of: MemoryLimitOf,
    records: Mapping[str, Record],
    try_predicted: bool = False,
) -> RunPlan:
    """The plan in the order to run it, without the cells that are predicted not to fit.

    A cell that was measured before is measured again whatever is predicted; one that ran out of
    memory keeps that record.
    """
    ordered = replace(plan, cells=tuple(small_groups_first(plan.cells, outcomes)))
    if try_predicted:
        return ordered
    predicted_oom, kept = dict(plan.predicted_oom), dict(plan.kept)
    for cell in plan.todo:
        outcome, memory_limit = outcomes.get(cell.id), memory_limit_of(cell)
        old = records.get(cell.id)
        if not isinstance(outcome, Prediction) or memory_limit is None:
            continue
        if fit(outcome, memory_limit)[0] is not Fit.TOO_LARGE or (old and old.status is Status.OK):
            continue
        if old is not None and old.status is Status.OOM:
            kept[cell.id] = old
        else:
            predicted_oom[cell.id] = PredictedOom(outcome, memory_limit)
    return replace(ordered, kept=kept, predicted_oom=predicted_oom)


def keep_predicted_oom(
    plan: RunPlan,
    memory_limit_of: MemoryLimitOf,
    environment_of: Callable[[Cell], Environment],
    records: Mapping[str, Record],
) -> RunPlan:
    """The plan with the records of cells that this same code predicted not to fit, so that a run
    with nothing left to measure has nothing to predict."""
    kept = dict(plan.kept)
    for cell in plan.todo:
        old, memory_limit = records.get(cell.id), memory_limit_of(cell)
        if old is None or old.predicted_bytes is None or memory_limit is None:
            continue
        if old.predicted_bytes > memory_limit.most_bytes and is_of_same_code(
            old, environment_of(cell)
        ):
            kept[cell.id] = old
    return replace(plan, kept=kept)


def is_of_same_code(record: Record, environment: Environment) -> bool:
    """Was the record made by the present code, without uncommitted changes then or now?"""
    then = record.environment
    if then is None or then.packages != environment.packages:
        return False
    edited = then.facts.get("git_dirty") or environment.facts.get("git_dirty")
    return not edited and then.facts.get("git_revision") == environment.facts.get("git_revision")


def small_groups_first(cells: tuple[Cell, ...], outcomes: Mapping[str, Outcome]) -> list[Cell]:
    """Groups sorted by their largest predicted peak, so that results come early; the order within a
    group stays. Groups without a prediction come last."""

    def size(group: list[Cell]) -> tuple[bool, int]:
        found = (outcomes.get(cell.id) for cell in group)
        peaks = [largest_peak(each)[0] for each in found if isinstance(each, Prediction)]
        return not peaks, max(peaks, default=0)

    return [cell for group in sorted(groups_of(cells), key=size) for cell in group]


def to_predict(
    plan: RunPlan, hardware_of: Callable[[Cell], Hardware | None]
) -> dict[str, tuple[Cell, Hardware]]:
    """The cells still to be measured whose hardware is here, and that hardware."""
    found = ((cell, hardware_of(cell)) for cell in plan.todo)
    return {cell.id: (cell, hardware) for cell, hardware in found if hardware is not None}
