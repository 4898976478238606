"""The smallest card of each row, as fields of a grid: colour, card and size say the same."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from vbench_mem.base.units import BINARY, format_bytes, significant
from vbench_mem.report.draw.canvas import (
    AXIS,
    LEGEND_LINE,
    RIGHT,
    TOP,
    WIDTH,
    Sheet,
    legend_below,
    styled,
    track,
)
from vbench_mem.report.draw.many import fitting, left_of
from vbench_mem.report.marks import mark_of
from vbench_mem.report.pictures.cards import SIZES, CardGrid, Tile
from vbench_mem.report.style import CARD_COLOURS, NO_CARD

PITCH, NARROW_PITCH = 0.24, 0.36  # inches: a line of fields, one with two lines of text
WIDE = 1.05  # inches of a field for one line of text
NONE = "no number"
GAP = 0.04  # of a field, around it


@styled
def draw_cards(grids: Sequence[CardGrid]) -> Sheet:
    """A grid below the other, variants down and frames across."""
    tiles = [tile for grid in grids for tile in grid.tiles]
    mixed = len({tile.basis for tile in tiles if tile.bytes is not None}) > 1
    names = {name_of(tile): paint(tile) for tile in tiles}
    order = [*(f"{size} GB" for size in SIZES), beyond(), NONE]
    handles = [Patch(facecolor=names[n][0], label=n) for n in order if n in names]
    left = left_of([name for grid in grids for name in grid.variants], 9)
    fields = max(len(grid.frames) for grid in grids)
    wide = min((WIDTH - left - RIGHT) / fields, 1.9)
    pitch = PITCH if wide >= WIDE else NARROW_PITCH
    heights = [pitch * len(grid.variants) for grid in grids]
    below = 0.15 + LEGEND_LINE * 3
    total = sum(heights) + len(grids) * (TOP + AXIS) + below
    sheet = Sheet(figsize=(WIDTH, total))
    top = total
    for grid, height in zip(grids, heights, strict=True):
        top -= TOP + height
        width = wide * len(grid.frames)
        box = (left / WIDTH, top / total, width / WIDTH, height / total)
        draw_grid(sheet.add_axes(box), grid, mixed, " · " if wide >= WIDE else "\n")
        top -= AXIS
    legend_below(sheet, handles, 3)
    return sheet


def draw_grid(axes: Axes, grid: CardGrid, mixed: bool, between: str) -> None:
    columns = {frames: place for place, frames in enumerate(grid.frames)}
    lines = {name: place for place, name in enumerate(grid.variants)}
    for tile in grid.tiles:
        x, y = columns[tile.frames], lines[tile.series]
        fill, ink = paint(tile)
        side = 1 - 2 * GAP
        field = Rectangle((x - 0.5 + GAP, y - 0.5 + GAP), side, side, facecolor=fill, linewidth=0)
        axes.add_patch(field)
        track(field, name_of(tile), [mark_of(tile.row, facts(tile))])
        text = axes.text(
            x, y, words(tile, mixed, between), color=ink, size=7.5, ha="center", va="center"
        )
        track(text, name_of(tile))
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xticks(range(len(columns)), [str(frames) for frames in columns])
    axes.set_yticks(range(len(lines)), fitting(lines, 9), size=9)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(grid.title, size=10, loc="left")
    axes.set_xlabel("frames of a clip")


def beyond() -> str:
    return f"more than {SIZES[-1]} GB"


def name_of(tile: Tile) -> str:
    """As the legend calls it."""
    if tile.bytes is None:
        return NONE
    return beyond() if tile.card is None else f"{tile.card} GB"


def paint(tile: Tile) -> tuple[str, str]:
    """Fill and text."""
    if tile.bytes is None:
        return NO_CARD
    return CARD_COLOURS[len(SIZES) if tile.card is None else SIZES.index(tile.card)]


def words(tile: Tile, mixed: bool, between: str) -> str:
    if tile.bytes is None:
        return "oom" if tile.row.is_out_of_memory else "-"
    about = "~" if mixed and tile.basis == "predicted" else ""
    card = f"> {SIZES[-1]} GB" if tile.card is None else f"{tile.card} GB"
    return f"{card}{between}{about}{significant(tile.bytes / BINARY['GiB'])} GiB"


def facts(tile: Tile) -> list[tuple[str, str]]:
    if tile.bytes is None:
        return [("no number", tile.why or "not known")]
    return [
        ("smallest card", name_of(tile)),
        (f"{tile.basis} memory of the process", format_bytes(tile.bytes)),
    ]
