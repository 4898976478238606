"""Losses of the trainings, of a matrix that trains."""

from vbench_mem.analysis.join import Joined
from vbench_mem.report.curves import POINTS, loss_panels
from vbench_mem.report.plan import Plan, drawn_as


def plans(joined: Joined) -> list[Plan]:
    if joined.matrix.accuracy is None:
        return []
    title, panels = "Losses of the trainings", loss_panels(joined)
    if not panels:
        return [Plan(name="loss_curves", title=title, skipped="no training has a recorded loss")]
    has_seeds = any(line.seeds > 1 for panel in panels for line in panel.lines)
    captions = (
        "Loss of the trainings against the step, a panel for each stage: the mean of neighbouring "
        f"steps, {POINTS} points at most.",
        "A line is the mean over seeds, its band the lowest and the highest seed."
        if has_seeds
        else "",
        "Masked and unmasked encoders do not see the same, so a loss is no score.",
    )
    return [drawn_as("loss_curves", title, (panels,), *captions)]
