"""Which rows of many share a panel of a figure, and what is left out of it. No matplotlib.

A panel has rows of one load and runtime, so that its lines differ in the variant alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.matrix.axes import SETTINGS, shown
from vbench_mem.report.scheme import INSIDE
from vbench_mem.report.series import PlotPoint

MOST_PANELS, MOST_SERIES = 6, 24  # of a figure, of a panel: more cannot be told apart
MOST_BARS = 40  # a page is no higher
P = TypeVar("P", bound=PlotPoint)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Facet(Generic[P]):
    """A panel: what its rows share, empty where that is the whole matrix; their points."""

    title: str
    points: list[P]


@dataclass(frozen=True, kw_only=True)
class Facets(Generic[P]):
    """The panels of a figure; `left_out` is a sentence for the caption, or empty."""

    panels: list[Facet[P]]
    left_out: str = ""

    @property
    def points(self) -> list[P]:
        return [point for panel in self.panels for point in panel.points]


def settings_of(joined: Joined, *sections: str) -> list[str]:
    """The settings of the load and the runtime, or of one of them, in which rows differ, but for
    the frames."""
    return [
        name
        for name in joined.matrix.varying
        if SETTINGS[name].section not in INSIDE
        and name != "frames"
        and (not sections or SETTINGS[name].section in sections)
    ]


def load_name(row: Row, names: Iterable[str]) -> str:
    """`batch=8 dtype=bfloat16`, of the settings named."""
    return " ".join(shown(name, row.facts.get(name)) for name in names)


def facets(points: Sequence[P], joined: Joined) -> Facets[P]:
    """A panel for each load and runtime; with too many variants for that a panel for each colour
    at one load, that with most rows and of such the last."""
    by_load = loads_of(points, settings_of(joined))
    if len({point.row.cell.variant for point in points}) > MOST_SERIES:
        panels, left_out = by_colour(by_load)
    else:
        kept = spread(list(by_load), MOST_PANELS)
        panels = [Facet(title=load, points=by_load[load]) for load in kept]
        left_out = named_rest("not drawn", by_load, kept)
    return Facets(panels=panels, left_out=left_out)


def loads_of(points: Iterable[P], names: Sequence[str]) -> dict[str, list[P]]:
    """By the settings named; their series are variants."""
    by_load: dict[str, list[P]] = {}
    for point in points:
        named = replace(point, series=point.row.cell.variant)
        by_load.setdefault(load_name(point.row, names), []).append(named)
    return by_load


def by_colour(by_load: dict[str, list[P]]) -> tuple[list[Facet[P]], str]:
    """A panel for each group of one colour at one load, and what is left out."""
    load = main_load(by_load)
    groups: dict[str, list[P]] = {}
    for point in by_load[load]:
        groups.setdefault(point.groups[0], []).append(point)
    kept = sorted(groups, key=lambda name: -len(groups[name]))[:MOST_PANELS]
    panels, thinned = [], 0
    for group in (name for name in groups if name in kept):
        variants = list(dict.fromkeys(point.series for point in groups[group]))
        some = set(spread(variants, MOST_SERIES))
        thinned += len(variants) - len(some)
        panels.append(
            Facet(
                title=f"{group}, {load}" if load else group,
                points=[point for point in groups[group] if point.series in some],
            )
        )
    left_out = [named_rest("not drawn", by_load, [load]), named_rest("not drawn", groups, kept)]
    if thinned:
        left_out.append(f"{thinned} variants of crowded panels are not drawn.")
    return panels, " ".join(filter(None, left_out))


def bars(points: Sequence[P], joined: Joined) -> tuple[list[P], str]:
    """What a figure with a bar for each row shows: all of them or, of many, those of one load; and
    what is left out."""
    if len(points) <= MOST_BARS:
        return [replace(point, series=point.row.label) for point in points], ""
    frames = ["frames"] if "frames" in joined.matrix.varying else []
    by_load = loads_of(points, frames + settings_of(joined))
    load = main_load(by_load)
    kept = spread(by_load[load], MOST_BARS)
    left_out = f"Drawn at {load}, of {len(by_load)} loads." if len(by_load) > 1 else ""
    if len(kept) < len(by_load[load]):
        left_out += f" Of {len(by_load[load])} rows {len(kept)} are drawn, evenly spread."
    return kept, left_out.strip()


def main_load(by_load: dict[str, list[P]]) -> str:
    """The load with most rows, and of such the last: a matrix is written from small to large."""
    return max(reversed(by_load), key=lambda load: len(by_load[load]))


def spread(some: Sequence[T], most: int) -> list[T]:
    """`most` of them at most, evenly spread, the first and the last among them."""
    if len(some) <= most:
        return list(some)
    if most == 1:
        return [some[-1]]
    return [some[round(place * (len(some) - 1) / (most - 1))] for place in range(most)]


def named_rest(what: str, every: Iterable[str], kept: Iterable[str]) -> str:
    """`Not drawn: batch=2, batch=4.`, or nothing."""
    taken = set(kept)
    rest = [name for name in every if name not in taken]
    listed = ", ".join(rest[:6]) + (f" and {len(rest) - 6} more" if len(rest) > 6 else "")
    return f"{what.capitalize()}: {listed}." if rest else ""
