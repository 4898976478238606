"""The figures of peak memory: against frames where frames vary, else a bar for each row."""

from collections.abc import Iterable

from vbench_mem.join import Joined
from vbench_mem.report.pictures.plan import Plan
from vbench_mem.report.series import Point, memory_budgets, memory_points


def plans(joined: Joined) -> list[Plan]:
    points = memory_points(joined)
    seen = [point for point in points if point.memory]
    frames = sorted({point.frames for point in seen})
    name, title = "memory_frames", "Memory against frames"
    if not seen:
        return [Plan(name=name, title=title, skipped="no row has a measured peak")]

    from vbench_mem.report.draw import memory

    if len(frames) > 1:
        return [
            Plan(
                name=name,
                title=title,
                caption="Peak memory of a step against the frames of a clip, both on log axes."
                + unplaced(points),
                draw=lambda: memory.draw_memory_frames(seen, memory_budgets(joined, seen)),
            )
        ]
    return [
        Plan(name=name, title=title, skipped=f"all rows have {frames[0]} frames"),
        Plan(
            name="memory_variants",
            title="Memory of each variant",
            caption=f"Peak memory of a step at {frames[0]} frames, rows in the matrix's order."
            + unplaced(points),
            draw=lambda: memory.draw_memory_variants(seen),
        ),
    ]


def unplaced(points: Iterable[Point]) -> str:
    """Rows that ran out of memory and whose limit nobody knows have no place; say so."""
    count = sum(not point.memory for point in points)
    return f" {count} rows ran out of memory at a limit that is not known." if count else ""
