"""Which function draws a plan: the one place that knows. Imports matplotlib."""

from collections.abc import Callable

from vbench_mem.report.draw.canvas import Sheet
from vbench_mem.report.draw.cards import draw_cards
from vbench_mem.report.draw.categories import draw_categories
from vbench_mem.report.draw.changes import draw_changes
from vbench_mem.report.draw.exhibit import draw_exhibit
from vbench_mem.report.draw.frontier import draw_frontier
from vbench_mem.report.draw.losses import draw_losses
from vbench_mem.report.draw.memory import draw_memory_frames, draw_memory_variants
from vbench_mem.report.draw.values import (
    draw_throughput,
    draw_time_frames,
    draw_time_variants,
)
from vbench_mem.report.plan import Plan

DRAWERS: dict[str, Callable[..., Sheet]] = {
    "cards": draw_cards,
    "changes": draw_changes,
    "exhibit": draw_exhibit,
    "frontier": draw_frontier,
    "loss_curves": draw_losses,
    "memory_categories": draw_categories,
    "memory_frames": draw_memory_frames,
    "memory_variants": draw_memory_variants,
    "throughput": draw_throughput,
    "time_frames": draw_time_frames,
    "time_variants": draw_time_variants,
}


def draw(plan: Plan) -> Sheet:
    """Of a plan that is not skipped."""
    assert plan.drawer is not None
    return DRAWERS[plan.drawer](*plan.data)
