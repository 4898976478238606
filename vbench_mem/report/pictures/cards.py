"""The smallest card that holds each row: a grid of variants and frames for each load.

What must fit is what `fit` asks for: all that the driver would show of the process, measured on a
card or predicted for one. A cpu has no such number, and its peak is not that of a card.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.machine.cards import CARDS, GB, GIB
from vbench_mem.report.facets import (
    MOST_BARS,
    Facet,
    loads_of,
    main_load,
    named_rest,
    settings_of,
    spread,
)
from vbench_mem.report.plan import Plan, drawn_as, sentences
from vbench_mem.report.scheme import Scheme, scheme_of
from vbench_mem.report.series import PlotPoint, step_word

MEASURED, PREDICTED = "process_bytes", "predicted_process_bytes"
SIZES = (8, 16, 24, 40, 80, 141)  # GB, as cards are sold
MOST_LINES, MOST_GRIDS, MOST_FRAMES = 60, 4, 10  # of a figure, of a figure, of a grid


@dataclass(frozen=True, kw_only=True)
class Tile(PlotPoint):
    """One row in the grid, with the memory of its process; `why` it has none."""

    why: str | None = None

    @property
    def card(self) -> int | None:
        """GB of the smallest card that holds it; None where none of `SIZES` does."""
        return next((size for size in SIZES if self.bytes <= certain(size)), None)


def certain(size: int) -> int:
    """Bytes that every known card sold with so many GB has for certain."""
    known = [card.memory_bytes for card in CARDS.values() if card.most_bytes == size * GIB]
    return min(known, default=size * GB)


def tile_of(row: Row, scheme: Scheme) -> Tile:
    """Measured, where it was; else predicted, unless the row ran out of as much as that."""
    seen = row.metric(MEASURED) if row.is_ok else None
    predicted = row.metric(PREDICTED)
    size, why = seen if seen is not None else predicted, None
    if size is None:
        why = row.why_missing(PREDICTED)
    elif row.is_out_of_memory and row.limit_bytes is not None and size <= row.limit_bytes:
        size, why = None, "it ran out of memory where it was predicted to fit"
    return Tile(
        row=row,
        series=row.cell.variant,
        scheme=scheme,
        memory=None if size is None else int(size),
        basis="measured" if seen is not None else "predicted",
        why=why,
    )


def plans(joined: Joined) -> list[Plan]:
    scheme = scheme_of(joined)
    tiles = [tile_of(row, scheme) for row in joined.rows]
    title = "The smallest card that holds each row"
    if all(tile.memory is None for tile in tiles):
        reasons = list(dict.fromkeys(tile.why for tile in tiles if tile.why))
        why = f"no row has the bytes of a process on a card: {'; '.join(reasons[:2])}"
        return [Plan(name="cards", title=title, skipped=why)]

    grids, left_out = card_grids(tiles, joined)
    shown = [tile for grid in grids for tile in grid.points]
    return [drawn_as("cards", title, (grids,), about(shown), left_out)]


def card_grids(tiles: Sequence[Tile], joined: Joined) -> tuple[list[Facet[Tile]], str]:
    """The load with most numbers first, then others in their order; what is left out."""
    by_load = loads_of(tiles, settings_of(joined))
    known = {load: [t for t in some if t.memory is not None] for load, some in by_load.items()}
    first = main_load(known)
    lines = min(MOST_BARS, max(len({t.series for t in some}) for some in by_load.values()))
    room = max(1, min(MOST_GRIDS, MOST_LINES // lines))
    others = [load for load in by_load if load != first]
    kept = [first, *(spread(others, room - 1) if room > 1 else [])]
    grids = []
    for load in kept:
        variants = spread(list(dict.fromkeys(t.series for t in by_load[load])), MOST_BARS)
        frames = spread(sorted({t.frames for t in by_load[load]}), MOST_FRAMES)
        some = [t for t in by_load[load] if t.series in variants and t.frames in frames]
        grids.append(Facet(title=load, points=some))
    is_cut = any(len(grid.points) < len(by_load[grid.title]) for grid in grids)
    cut_text = "Of long lists some variants or frames are drawn, evenly spread." if is_cut else ""
    return grids, sentences(named_rest("not drawn", by_load, kept), cut_text)


def about(tiles: Sequence[Tile]) -> str:
    """What a field shows, and where its number comes from."""
    bases = {tile.basis for tile in tiles if tile.memory is not None}
    sizes = ", ".join(f"{size} GB: {certain(size) / GIB:.1f} GiB" for size in SIZES)
    origin = "A number after ~ is predicted without a device."
    if bases == {"measured"}:
        origin = "All are measured."
    elif bases == {"predicted"}:
        origin = "All are predicted without a device."
    return sentences(
        f"The smallest card that holds {step_word(tiles)} for certain, and the device memory of "
        "the process, with the driver's own share of it.",
        origin,
        f"What a card as it is sold has for certain: {sizes}.",
        "Grey fields have no number; their tooltip has the reason."
        if any(tile.memory is None for tile in tiles)
        else "",
    )
