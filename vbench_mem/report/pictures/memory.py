"""The figures of peak memory: against frames where frames vary, else a bar for each row."""

from collections.abc import Iterable

from vbench_mem.analysis.join import Joined
from vbench_mem.report.facets import bars, facets
from vbench_mem.report.pictures.plan import Plan, sentences
from vbench_mem.report.series import Point, memory_budgets, memory_points


def plans(joined: Joined) -> list[Plan]:
    points = memory_points(joined)
    seen = [point for point in points if point.memory]
    frames = sorted({point.frames for point in seen})
    name, title = "memory_frames", "Memory against frames"
    if not seen:
        return [Plan(name=name, title=title, skipped="no row has a measured or predicted peak")]

    from vbench_mem.report.draw import memory

    if len(frames) > 1:
        drawn = facets(seen, joined)
        said = sentences(
            "Peak memory of a step against the frames of a clip, both on log axes.",
            basis(drawn.places),
            endings(drawn.places),
            unplaced(points),
            drawn.left_out,
        )
        budgets = memory_budgets(joined, drawn.places)
        return [
            Plan(
                name=name,
                title=title,
                caption=said,
                draw=lambda: memory.draw_memory_frames(drawn, budgets),
            )
        ]
    chosen, left_out = bars(seen, joined)
    some = chosen.places
    return [
        Plan(name=name, title=title, skipped=f"all rows have {frames[0]} frames"),
        Plan(
            name="memory_variants",
            title="Memory of each variant",
            caption=sentences(
                f"Peak memory of a step at {frames[0]} frames, rows in the matrix's order.",
                "Pale hatched bars are predicted, not run."
                if any(point.basis == "predicted" for point in some)
                else "",
                endings(some),
                unplaced(points),
                left_out,
            ),
            draw=lambda: memory.draw_memory_variants(some),
        ),
    ]


def basis(points: Iterable[Point]) -> str:
    """What is measured and what is predicted of the lines."""
    points = list(points)
    ran = any(point.ending == "ok" and point.basis == "measured" for point in points)
    predicted = any(point.predicted for point in points)
    if ran and predicted:
        return (
            "Solid lines are measured, dashed lines predicted without a device; "
            "where no dashes are seen beneath a solid line, both are the same."
        )
    return "Dashed lines are predicted without a device, nothing was run." if predicted else ""


def endings(points: Iterable[Point]) -> str:
    over = any(point.ending == "oom" for point in points)
    return "A cross ran out of memory and stands on the limit it ran into." if over else ""


def unplaced(points: Iterable[Point]) -> str:
    """Rows that ran out of memory and whose limit nobody knows have no place; say so."""
    count = sum(not point.memory for point in points)
    return f"{count} rows ran out of memory at a limit that is not known." if count else ""
