"""What a report wants to draw, as data. No matplotlib: `draw/dispatch.py` knows who draws it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A figure to be drawn, or the reason why not: one of `drawer` and `skipped` is there.

    drawer  the name of what draws it (`draw.dispatch.DRAWERS`); `data` are its arguments
    """

    name: str
    title: str
    caption: str = ""
    drawer: str | None = None
    data: tuple[Any, ...] = ()
    skipped: str | None = None


def drawn_as(drawer: str, title: str, data: tuple[Any, ...], *captions: str) -> Plan:
    """A figure that is named as its drawer; its caption has the sentences that are not empty."""
    return Plan(name=drawer, title=title, caption=sentences(*captions), drawer=drawer, data=data)


def sentences(*some: str) -> str:
    """A caption of those that are not empty."""
    return " ".join(filter(None, some))
