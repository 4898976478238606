"""Losses of the trainings, of a matrix that trains."""

from vbench_mem.analysis.join import Joined
from vbench_mem.report.curves import POINTS, loss_panels
from vbench_mem.report.plan import Plan


def plans(joined: Joined) -> list[Plan]:
    if joined.matrix.accuracy is None:
        return []
    name, title = "loss_curves", "Losses of the trainings"
    panels = loss_panels(joined)
    if not panels:
        return [Plan(name=name, title=title, skipped="no training has a recorded loss")]

    caption = [
        "Loss of the trainings against the step, a panel for each stage: the mean of neighbouring "
        f"steps, {POINTS} points at most."
    ]
    if any(line.seeds > 1 for panel in panels for line in panel.lines):
        caption.append("A line is the mean over seeds, its band the lowest and the highest seed.")
    caption.append("Masked and unmasked encoders do not see the same, so a loss is no score.")
    data, text = (panels,), " ".join(caption)
    return [Plan(name=name, title=title, caption=text, drawer="losses", data=data)]
