"""The figures of peak memory: against frames where frames vary, else a bar for each row."""

from collections.abc import Iterable

from vbench_mem.analysis.join import Joined
from vbench_mem.report.facets import bars, facets
from vbench_mem.report.plan import Plan, drawn_as
from vbench_mem.report.series import PlotPoint, memory_budgets, memory_points


def plans(joined: Joined) -> list[Plan]:
    seen = memory_points(joined)
    frames = sorted({point.frames for point in seen})
    name, title = "memory_frames", "Memory against frames"
    if not seen:
        return [Plan(name=name, title=title, skipped="no row has a measured or predicted peak")]

    unplaced = sum(row.is_out_of_memory and not row.limit_bytes for row in joined.rows)
    unknown = f"{unplaced} rows ran out of memory at a limit that is not known." if unplaced else ""
    if len(frames) > 1:
        shown = facets(seen, joined)
        first = "Peak memory of a step against the frames of a clip, both on log axes."
        captions = (first, basis(shown.points), endings(shown.points), unknown, shown.left_out)
        data = shown, memory_budgets(joined, shown.points)
        return [drawn_as("memory_frames", title, data, *captions)]
    chosen, left_out = bars(seen, joined)
    first = f"Peak memory of a step at {frames[0]} frames, rows in the matrix's order."
    is_hatched = any(point.basis == "predicted" for point in chosen)
    hatched = "Pale hatched bars are predicted, not run." if is_hatched else ""
    captions = (first, hatched, endings(chosen), unknown, left_out)
    return [
        Plan(name=name, title=title, skipped=f"all rows have {frames[0]} frames"),
        drawn_as("memory_variants", "Memory of each variant", (chosen,), *captions),
    ]


def basis(points: Iterable[PlotPoint]) -> str:
    """What is measured and what is predicted of the lines."""
    points = list(points)
    ran = any(point.row.is_ok for point in points)
    predicted = any(point.predicted for point in points)
    if ran and predicted:
        return (
            "Solid lines are measured, dashed lines predicted without a device; "
            "where no dashes are seen beneath a solid line, both are the same."
        )
    return "Dashed lines are predicted without a device, nothing was run." if predicted else ""


def endings(points: Iterable[PlotPoint]) -> str:
    over = any(point.row.is_out_of_memory for point in points)
    return "A cross is a run out of memory, drawn at the limit that it ran into." if over else ""
