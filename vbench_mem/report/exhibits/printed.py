"""What the rows of the paper's tables are called, and which rows here stand for them. No scores:
those are in `reference/` and come joined."""

from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.score_metrics import Direction
from vbench_mem.matrix.exhibits import PAPER, Name

DATASETS = ("msr-vtt", "vatex", "youcook2", "activitynet")  # in the tables' order
DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")


@dataclass(frozen=True)
class Printed:
    """A row of the paper. `nearest` says why ours is not the same encoder, where it is not; a
    system that nothing here stands for has no family."""

    label: str
    family: str | None = None
    mask: float = 0.0
    nearest: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """`size` is that of its encoders; `gaps`: why a cell is not among the published scores."""

    number: int
    size: str
    rows: tuple[Printed, ...]
    gaps: str

    def holds(self, source: str) -> bool:
        return source == f"{PAPER} Table {self.number}"


TABLES: dict[Name, PrintedTable] = {
    "table1": PrintedTable(
        1,
        "B",
        (
            Printed("Joint ST-ViViT", "joint"),
            Printed("Factorized ST-ViViT", "factorized"),
            Printed("Frame-level, average", "frame_mean"),
            Printed("Frame-level, attention pooling", "frame_attpool"),
        ),
        "this cell could not be read with certainty in the text at hand",
    ),
    "table2": PrintedTable(
        2,
        "L",
        (
            Printed(
                "ImageViT-L",
                "frame_mean",
                nearest="ImageViT-L fuses its frames late, which no row here does",
            ),
            Printed("ShortViViT-L", "joint"),
            Printed("EffShortViViT-L", "joint", 0.75),
            Printed("VideoCoCa-L"),
            Printed("VideoCoCa-2.1B"),
            Printed("Flamingo-3B"),
        ),
        "the paper prints a dash",
    ),
}


def rows_of(printed: Printed, table: PrintedTable, joined: Joined) -> list[Row]:
    """Rows that train all of an encoder of its family and mask: of the paper's size, or of every
    size where the matrix does not have that one."""
    found = [
        row
        for row in joined.rows
        if row.facts["family"] == printed.family
        and (row.cell.recipe.train, row.cell.recipe.mask) == ("full", printed.mask)
        and has_own_patches(row)
    ]
    sized = [row for row in found if row.facts.get("size") == table.size]
    return sized or found


def has_own_patches(row: Row) -> bool:
    """Are its patches those that its layout has where nothing else is said, as in the paper's
    tables? Coarser ones are of its figure 3."""
    spec = row.cell.table_spec
    own = type(spec)
    return (spec.patch_px, spec.tubelet_frames) == (own.patch_px, own.tubelet_frames)
