"""The trade-off picture: memory against recall at 1, a panel for each dataset and direction."""

from vbench_mem.analysis.join import Joined
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.report.exhibits.plot import ExhibitFigure, recall_rows
from vbench_mem.report.panels import recall_panels
from vbench_mem.report.plan import Plan, sentences
from vbench_mem.report.series import memory_word


def plans(joined: Joined) -> list[Plan]:
    name, title = "memory_recall", "Memory against recall"
    panels = recall_panels(joined)
    points = [point for panel in panels for point in panel.points]
    if not points:
        scored = any(score.metric == RECALL for row in joined.rows for score in row.scores.values())
        why = (
            "no row with a recall at 1 has a measured peak"
            if scored
            else "no recall at 1 is joined with any row; name files under scores in the matrix"
        )
        return [Plan(name=name, title=title, skipped=why)]

    figure = ExhibitFigure(rows=recall_rows(panels, with_frontier=True), names_series=True)
    parts = {
        "A thin line joins encoders that differ in their mask alone.": figure.has_lines,
        "A mark with a bar is the mean over seeds of encoders trained here, the bar the lowest "
        "and the highest seed.": any(mark.span for mark in figure.marks),
        "Dashed level lines: chance, and what is proved to be out of reach of encoders of a kind, "
        "expected where rounding breaks their ties.": any(panel.levels for panel in panels),
        "Hollow marks are published scores at the memory of a step here: they are not from this "
        "machine, and no line is drawn through them.": any(
            point.score and point.score.origin == "published" for point in points
        ),
    }
    first = f"{memory_word(points).capitalize()} of a step against recall at 1."
    shown = [text for text, is_shown in parts.items() if is_shown]
    caption = sentences(first, *shown)
    return [Plan(name=name, title=title, caption=caption, drawer="exhibit", data=(figure,))]
