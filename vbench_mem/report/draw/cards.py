"""The smallest card of each row, as fields of a grid with its colour, its name and the size."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from vbench_mem.base.units import format_bytes
from vbench_mem.report.draw.canvas import RIGHT, WIDTH, PageRow, Sheet, page_of, set_tips, styled
from vbench_mem.report.draw.many import left_of, name_lanes
from vbench_mem.report.facets import Facet
from vbench_mem.report.marks import mark_of
from vbench_mem.report.pictures.cards import SIZES, Tile
from vbench_mem.report.style import CARD_COLOURS, NO_CARD

PITCH, NARROW_PITCH = 0.24, 0.36  # inches: a line of fields, one with two lines of text
WIDE = 1.05  # inches of a field for one line of text
NONE, BEYOND = "no number", f"more than {SIZES[-1]} GB"
LOOKS = dict(  # fill and text by what the legend calls them
    zip((*(f"{size} GB" for size in SIZES), BEYOND, NONE), (*CARD_COLOURS, NO_CARD), strict=True)
)
GAP = 0.04  # of a field, around it


@styled
def draw_cards(grids: Sequence[Facet[Tile]]) -> Sheet:
    """A grid below the other, variants down and frames across."""
    tiles = [tile for grid in grids for tile in grid.points]
    mixed = len({tile.basis for tile in tiles if tile.memory is not None}) > 1
    names = {name_of(tile) for tile in tiles}
    handles = [Patch(facecolor=LOOKS[name][0], label=name) for name in LOOKS if name in names]
    left = left_of([tile.series for tile in tiles], 9)
    fields = max(len(frames_of(grid)) for grid in grids)
    wide = min((WIDTH - left - RIGHT) / fields, 1.9)
    pitch = PITCH if wide >= WIDE else NARROW_PITCH
    rows = [PageRow(pitch * len(variants_of(grid)), left=left) for grid in grids]
    sheet, found = page_of(rows, handles)
    for (axes,), grid in zip(found, grids, strict=True):
        box = axes.get_position()
        axes.set_position((box.x0, box.y0, wide * len(frames_of(grid)) / WIDTH, box.height))
        draw_grid(axes, grid, mixed, " · " if wide >= WIDE else "\n")
    return sheet


def draw_grid(axes: Axes, grid: Facet[Tile], mixed: bool, between: str) -> None:
    columns, lines = frames_of(grid), variants_of(grid)
    for tile in grid.points:
        x, y = columns.index(tile.frames), lines.index(tile.series)
        fill, ink = LOOKS[name_of(tile)]
        side = 1 - 2 * GAP
        (field,) = axes.barh(y, side, left=x - side / 2, height=side, facecolor=fill, linewidth=0)
        set_tips(field, mark_of(tile.row, facts(tile)))
        content = words(tile, mixed, between)
        axes.text(x, y, content, color=ink, size=7.5, ha="center", va="center")
    axes.set_xticks(range(len(columns)), list(map(str, columns)))
    name_lanes(axes, lines, 9)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(grid.title, size=10, loc="left")
    axes.set_xlabel("frames of a clip")


def frames_of(grid: Facet[Tile]) -> list[int]:
    return sorted({tile.frames for tile in grid.points})


def variants_of(grid: Facet[Tile]) -> list[str]:
    return list(dict.fromkeys(tile.series for tile in grid.points))


def name_of(tile: Tile) -> str:
    """As the legend calls it."""
    if tile.memory is None:
        return NONE
    return BEYOND if tile.card is None else f"{tile.card} GB"


def words(tile: Tile, mixed: bool, between: str) -> str:
    if tile.memory is None:
        return "oom" if tile.row.is_out_of_memory else "-"
    about = "~" if mixed and tile.basis == "predicted" else ""
    card = name_of(tile).replace("more than", ">")
    return f"{card}{between}{about}{tile.scheme.unit.text(tile.bytes)}"


def facts(tile: Tile) -> list[tuple[str, str]]:
    if tile.memory is None:
        return [("no number", tile.why or "not known")]
    size = format_bytes(tile.bytes)
    return [("smallest card", name_of(tile)), (f"{tile.basis} memory of the process", size)]
