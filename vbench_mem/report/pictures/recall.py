"""The trade-off picture: memory against recall at 1, a panel for each dataset and direction."""

from collections.abc import Sequence

from vbench_mem.analysis.join import Joined
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.panels import Panel, reach, recall_panels
from vbench_mem.report.plan import Plan
from vbench_mem.report.series import memory_word


def plans(joined: Joined) -> list[Plan]:
    name, title = "memory_recall", "Memory against recall"
    panels = recall_panels(joined)
    if not any(point.memory for panel in panels for point in panel.points):
        scored = any(score.metric == RECALL for row in joined.rows for score in row.scores.values())
        why = (
            "no row with a recall at 1 has a measured peak"
            if scored
            else "no recall at 1 is joined with any row; name files under scores in the matrix"
        )
        return [Plan(name=name, title=title, skipped=why)]

    data, caption = (panels,), about(panels)
    return [Plan(name=name, title=title, caption=caption, drawer="memory_recall", data=data)]


def about(panels: Sequence[Panel]) -> str:
    """What the marks and lines of the figure are."""
    points = [point for panel in panels for point in panel.points]
    caption = [f"{memory_word(points).capitalize()} of a step against recall at 1."]
    if any(panel.sweeps for panel in panels):
        caption.append("A thin line joins encoders that differ in their mask alone.")
    if any(reach(point)[0] < reach(point)[1] for point in points):
        caption.append(
            "A mark with a bar is the mean over seeds of encoders trained here, the bar the lowest "
            "and the highest seed."
        )
    if any(panel.levels for panel in panels):
        caption.append(
            "Dashed level lines: chance, and what is proved to be out of reach of encoders of a "
            "kind, expected where rounding breaks their ties."
        )
    if any(point.score and point.score.origin == "published" for point in points):
        caption.append(
            "Hollow marks are published scores at the memory of a step here: they are not "
            "from this machine, and no line is drawn through them."
        )
    return " ".join(caption)
