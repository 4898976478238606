"""The figures of a report: which it has, why it lacks the others, and the files they are drawn to.

A figure that there is nothing to draw for has its files of an earlier report removed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.exhibits import Name
from vbench_mem.report import document
from vbench_mem.report.exhibits import backbones, growth, long_clips, patches
from vbench_mem.report.pictures import (
    cards,
    categories,
    frontier,
    losses,
    memory,
    recall,
    throughput,
    time,
)
from vbench_mem.report.plan import Plan

PLANNERS: dict[Name, Callable[[Joined], Plan]] = {
    "figure2": backbones.plan,
    "figure3": patches.plan,
    "figure4": growth.plan,
    "figure5": long_clips.plan,
}
MAKERS: tuple[Callable[[Joined], Sequence[Plan]], ...] = (
    recall.plans,
    frontier.plans,
    memory.plans,
    categories.plans,
    cards.plans,
    time.plans,
    throughput.plans,
    losses.plans,
)


def plans(joined: Joined) -> list[Plan]:
    """What the matrix names of the paper, the trade-off, costs, losses. Imports no matplotlib."""
    return [*exhibit_plans(joined), *(plan for make in MAKERS for plan in make(joined))]


def exhibit_plans(joined: Joined) -> list[Plan]:
    """The figures of the paper that the matrix names, in its order."""
    return [PLANNERS[name](joined) for name in joined.matrix.exhibits if name in PLANNERS]


def illustrate(plans: Sequence[Plan], folder: Path, prefix: str = "") -> list[document.Figure]:
    """Draw into the folder; `prefix` tells the figures of one matrix from those of another."""
    return [drawn(plan, folder, prefix) for plan in plans]


def drawn(plan: Plan, folder: Path, prefix: str) -> document.Figure:
    name = f"{prefix}{plan.name}"
    if plan.skipped is not None:
        for kind in ("svg", "png"):  # of an earlier report, when there was something to draw
            (folder / f"{name}.{kind}").unlink(missing_ok=True)
        return document.Figure(name=name, title=plan.title, skipped=plan.skipped)
    from vbench_mem.report.draw.canvas import save
    from vbench_mem.report.draw.dispatch import draw

    sheet = draw(plan)
    return document.Figure(
        name=name,
        title=plan.title,
        caption=plan.caption,
        svg=save(sheet, folder, name),
        tips=sheet.tips,
    )
