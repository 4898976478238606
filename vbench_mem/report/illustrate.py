"""Which figures a report has, and for those it cannot have, why."""

from dataclasses import dataclass
from pathlib import Path

from vbench_mem.join import Joined
from vbench_mem.report.curves import POINTS, loss_panels
from vbench_mem.report.series import (
    Panel,
    Point,
    memory_budgets,
    memory_points,
    reach,
    recall_panels,
)


@dataclass(frozen=True)
class Picture:
    """A figure that was written as `name`.svg and `name`.png, or the reason why it was not."""

    name: str
    title: str
    caption: str
    svg: str | None = None
    skipped: str | None = None


def illustrate(joined: Joined, folder: Path) -> list[Picture]:
    """Draw into the folder what the rows allow. Trade-off first, then memory, then losses."""
    pictures = [_recall(joined, folder), *_memory(joined, folder)]
    return pictures if joined.matrix.accuracy is None else [*pictures, _losses(joined, folder)]


def _memory(joined: Joined, folder: Path) -> list[Picture]:
    from vbench_mem.report import figures  # matplotlib: slow to import, and only needed here
    from vbench_mem.report.canvas import save

    points = memory_points(joined)
    seen = [point for point in points if point.memory]
    frames = sorted({point.frames for point in seen})
    name, title = "memory_frames", "Memory against frames"
    if not seen:
        return [Picture(name, title, "", skipped="no row has a measured peak")]
    if len(frames) > 1:
        svg = save(figures.draw_memory_frames(seen, memory_budgets(joined, seen)), folder, name)
        caption = "Peak memory of a step against the frames of a clip, both on log axes."
        return [Picture(name, title, caption + _unplaced(points), svg)]
    why = f"all rows have {frames[0]} frames"
    svg = save(figures.draw_memory_variants(seen), folder, "memory_variants")
    caption = f"Peak memory of a step at {frames[0]} frames, rows in the matrix's order."
    return [
        Picture(name, title, "", skipped=why),
        Picture("memory_variants", "Memory of each variant", caption + _unplaced(points), svg),
    ]


def _recall(joined: Joined, folder: Path) -> Picture:
    from vbench_mem.report import figures
    from vbench_mem.report.canvas import save

    name, title = "memory_recall", "Memory against recall"
    panels = recall_panels(joined)
    if not any(point.memory for panel in panels for point in panel.points):
        scored = any(
            score.metric == "recall_at_1" for r in joined.rows for score in r.scores.values()
        )
        why = (
            "no row with a recall at 1 has a measured peak"
            if scored
            else ("no recall at 1 is joined with any row; name files under scores in the matrix")
        )
        return Picture(name, title, "", skipped=why)
    svg = save(figures.draw_memory_recall(panels), folder, name)
    return Picture(name, title, _about_recall(panels), svg)


def _about_recall(panels: list[Panel]) -> str:
    """What its marks and lines are, of those that it has."""
    points = [point for panel in panels for point in panel.points]
    said = ["Peak memory of a step against recall at 1."]
    if any(reach(point)[0] < reach(point)[1] for point in points):
        said.append(
            "A mark with a bar is the mean over seeds of encoders trained here, the bar the lowest "
            "and the highest seed."
        )
    if any(panel.levels for panel in panels):
        said.append(
            "Dashed level lines: chance, and what is proved to be out of reach of encoders of a "
            "kind, expected where rounding breaks their ties."
        )
    if any(point.score and point.score.origin == "published" for point in points):
        said.append(
            "Hollow marks are published scores at the memory measured here: they are not from this "
            "machine, and no frontier is drawn through them."
        )
    return " ".join(said)


def _losses(joined: Joined, folder: Path) -> Picture:
    from vbench_mem.report.canvas import save
    from vbench_mem.report.figures_losses import draw_losses

    name, title = "loss_curves", "Losses of the trainings"
    panels = loss_panels(joined)
    if not panels:
        return Picture(name, title, "", skipped="no training has a recorded loss")
    svg = save(draw_losses(panels), folder, name)
    said = [
        "Loss of the trainings against the step, a panel for each stage: the mean of neighbouring "
        f"steps, {POINTS} points at most."
    ]
    if any(line.seeds > 1 for panel in panels for line in panel.lines):
        said.append("A line is the mean over seeds, its band the lowest and the highest seed.")
    said.append("Masked and unmasked encoders do not see the same, so a loss is no score.")
    caption = " ".join(said)
    return Picture(name, title, caption, svg)


def _unplaced(points: list[Point]) -> str:
    """Rows that ran out of memory and whose limit nobody knows have no place; say so."""
    count = sum(not point.memory for point in points)
    return f" {count} rows ran out of memory at a limit that is not known." if count else ""
