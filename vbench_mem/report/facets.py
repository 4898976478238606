"""Which rows of many share a panel of a figure, and what is left out of it. No matplotlib.

A panel has rows of one load and runtime, so that its lines differ in the variant alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.matrix.axes import SETTINGS, shown
from vbench_mem.report.series import Place
from vbench_mem.report.style import markers

MOST_PANELS, MOST_SERIES = 6, 24  # of a figure, of a panel: more are not told apart
MOST_BARS = 40  # a page is no higher
INSIDE = ("name", "spec", "recipe")  # what a variant's name says
P = TypeVar("P", bound=Place)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Facet(Generic[P]):
    """A panel: what its rows share, empty where that is the whole matrix; their places."""

    title: str
    places: list[P]


@dataclass(frozen=True, kw_only=True)
class Facets(Generic[P]):
    """The panels of a figure; `shapes` are markers by `style.look`, the same in all figures of a
    matrix; `left_out` is a sentence for the caption, or empty."""

    panels: list[Facet[P]]
    shapes: dict[str, str]
    left_out: str = ""

    @property
    def places(self) -> list[P]:
        return [place for panel in self.panels for place in panel.places]


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


def looks(joined: Joined) -> dict[str, str]:
    """The marker of each look of the matrix, whether or not a figure shows it."""
    return markers(Place(row=row, series=row.cell.variant) for row in joined.rows)


def facets(places: Sequence[P], joined: Joined) -> Facets[P]:
    """A panel for each load and runtime; with too many variants for that a panel for each family
    at one load, that with most rows and of such the last."""
    names = settings_of(joined)
    by_load: dict[str, list[P]] = {}
    for place in places:
        named = replace(place, series=place.row.cell.variant)
        by_load.setdefault(load_name(place.row, names), []).append(named)
    if len({place.row.cell.variant for place in places}) > MOST_SERIES:
        panels, left_out = by_family(by_load)
    else:
        kept = spread(list(by_load), MOST_PANELS)
        panels = [Facet(title=load, places=by_load[load]) for load in kept]
        left_out = named_rest("not drawn", by_load, kept)
    return Facets(panels=panels, shapes=looks(joined), left_out=left_out)


def by_family(by_load: dict[str, list[P]]) -> tuple[list[Facet[P]], str]:
    """A panel for each family at one load, and what is left out."""
    load = main_load(by_load)
    families: dict[str, list[P]] = {}
    for place in by_load[load]:
        families.setdefault(place.row.facts["family"], []).append(place)
    kept = sorted(families, key=lambda name: -len(families[name]))[:MOST_PANELS]
    panels, thinned = [], 0
    for family in (name for name in families if name in kept):
        variants = list(dict.fromkeys(place.series for place in families[family]))
        some = set(spread(variants, MOST_SERIES))
        thinned += len(variants) - len(some)
        panels.append(
            Facet(
                title=f"{family}, {load}" if load else family,
                places=[place for place in families[family] if place.series in some],
            )
        )
    said = [named_rest("not drawn", by_load, [load]), named_rest("not drawn", families, kept)]
    if thinned:
        said.append(f"{thinned} variants of crowded panels are not drawn.")
    return panels, " ".join(filter(None, said))


def bars(places: Sequence[P], joined: Joined) -> tuple[Facet[P], str]:
    """What a figure with a bar for each row shows: all of them or, of many, those of one load; and
    what is left out."""
    if len(places) <= MOST_BARS:
        named = [replace(place, series=place.row.label) for place in places]
        return Facet(title="", places=named), ""
    names = ["frames"] if "frames" in joined.matrix.varying else []
    by_load: dict[str, list[P]] = {}
    for place in places:
        named_place = replace(place, series=place.row.cell.variant)
        by_load.setdefault(load_name(place.row, names + settings_of(joined)), []).append(
            named_place
        )
    load = main_load(by_load)
    kept = spread(by_load[load], MOST_BARS)
    said = f"Drawn at {load}, of {len(by_load)} loads." if len(by_load) > 1 else ""
    if len(kept) < len(by_load[load]):
        said += f" Of {len(by_load[load])} rows {len(kept)} are drawn, evenly spread."
    return Facet(title=load, places=kept), said.strip()


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
