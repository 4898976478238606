"""What a report wants to draw. No matplotlib: it is imported by those who are asked to draw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vbench_mem.report.draw.canvas import Sheet


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A figure to be drawn, or the reason why not: one of `draw` and `skipped` is there."""

    name: str
    title: str
    caption: str = ""
    draw: "Callable[[], Sheet] | None" = None
    skipped: str | None = None


def sentences(*some: str) -> str:
    """A caption of those that are not empty."""
    return " ".join(filter(None, some))
