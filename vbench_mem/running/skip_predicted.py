"""What predictions change about a plan: cells that cannot fit are skipped, small groups come first.

Never imports torch, and skips nothing without a prediction: such a cell is simply run.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target, Unpredicted
from vbench_mem.running.memory_limit import Fit, MemoryLimit, PredictedOom, fit, needed
from vbench_mem.running.plan import RunPlan, group_of
from vbench_mem.running.record import Record, Status

Outcome = Prediction | Unpredicted
RoomOf = Callable[[Cell], MemoryLimit | None]


def skip_predicted_oom(
    plan: RunPlan,
    outcomes: Mapping[str, Outcome],
    memory_limit_of: RoomOf,
    records: Mapping[str, Record],
    try_predicted: bool = False,
) -> RunPlan:
    """The plan with what cannot fit taken out of what is measured, in the order to run it.

    A cell that has fitted before is measured whatever is predicted; one that has run out of memory
    keeps the record that says so.
    """
    ordered = replace(plan, cells=tuple(small_groups_first(plan.cells, outcomes)))
    if try_predicted:
        return ordered
    predicted_oom, kept = dict(plan.predicted_oom), dict(plan.kept)
    for cell in plan.todo:
        outcome, memory_limit, old = (
            outcomes.get(cell.id),
            memory_limit_of(cell),
            records.get(cell.id),
        )
        if not isinstance(outcome, Prediction) or memory_limit is None:
            continue
        if fit(outcome, memory_limit)[0] is not Fit.TOO_LARGE or (old and old.status is Status.OK):
            continue
        if old is not None and old.status is Status.OOM:
            kept[cell.id] = old
        else:
            predicted_oom[cell.id] = PredictedOom(outcome, memory_limit)
    return replace(ordered, kept=kept, predicted_oom=predicted_oom)


def remember(
    plan: RunPlan,
    memory_limit_of: RoomOf,
    environment_of: Callable[[Cell], Environment],
    records: Mapping[str, Record],
) -> RunPlan:
    """The plan with what this very code has predicted not to fit before taken as settled, so that
    a run with nothing left to do does not predict either."""
    kept = dict(plan.kept)
    for cell in plan.todo:
        old, memory_limit = records.get(cell.id), memory_limit_of(cell)
        if old is None or old.predicted_bytes is None or memory_limit is None:
            continue
        if old.predicted_bytes > memory_limit.most_bytes and is_of(old, environment_of(cell)):
            kept[cell.id] = old
    return replace(plan, kept=kept)


def is_of(record: Record, environment: Environment) -> bool:
    """Was the record made by the code that is at hand, with nothing edited since?"""
    then = record.environment
    if then is None or then.packages != environment.packages:
        return False
    edited = then.facts.get("git_dirty") or environment.facts.get("git_dirty")
    return not edited and then.facts.get("git_revision") == environment.facts.get("git_revision")


def small_groups_first(cells: tuple[Cell, ...], outcomes: Mapping[str, Outcome]) -> list[Cell]:
    """Whole groups by the largest predicted peak in them, so that results come early; in a group
    the order stays. Groups without any prediction come last, as they were."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(group_of(cell), []).append(cell)

    def size(group: list[Cell]) -> tuple[bool, int]:
        found = (outcomes.get(cell.id) for cell in group)
        peaks = [needed(each)[0] for each in found if isinstance(each, Prediction)]
        return not peaks, max(peaks, default=0)

    return [cell for group in sorted(groups.values(), key=size) for cell in group]


def to_predict(
    plan: RunPlan, target_of: Callable[[Cell], Target | None]
) -> dict[str, tuple[Cell, Target]]:
    """What is still to be measured, with the target to predict it for; not the cells without."""
    targets = ((cell, target_of(cell)) for cell in plan.todo)
    return {cell.id: (cell, target) for cell, target in targets if target is not None}
