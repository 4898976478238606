"""What the rows of the paper's tables are called, and which rows here stand for them. No scores:
those are in `reference/` and come joined."""

from dataclasses import dataclass

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.score_metrics import Direction
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.exhibits import PAPER, Name

DATASETS = ("msr-vtt", "vatex", "youcook2", "activitynet")  # in the tables' order
DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")
KEYS = [(dataset, direction) for dataset in DATASETS for direction in DIRECTIONS]


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper's table.

    encoder  the `paper_name` of specs that stand for it; None of a system that no row here builds
    nearest  why ours is not the same encoder, where it is not
    """

    label: str
    encoder: str | None = None
    mask: float = 0.0
    nearest: str = ""


@dataclass(frozen=True)
class PaperTable:
    """`size` is that of its encoders; `gaps`: why a cell is not among the published scores."""

    number: int
    size: str
    rows: tuple[PaperRow, ...]
    gaps: str

    def holds(self, source: str) -> bool:
        return source == f"{PAPER} Table {self.number}"


JOINT, AVERAGE = "Joint ST-ViViT", "Frame-level, average"
TABLES: dict[Name, PaperTable] = {
    "table1": PaperTable(
        1,
        "B",
        (
            PaperRow(JOINT, JOINT),
            PaperRow("Factorized ST-ViViT", "Factorized ST-ViViT"),
            PaperRow(AVERAGE, AVERAGE),
            PaperRow("Frame-level, attention pooling", "Frame-level, attention pooling"),
        ),
        "this cell could not be read with certainty in the text at hand",
    ),
    "table2": PaperTable(
        2,
        "L",
        (
            PaperRow(
                "ImageViT-L",
                AVERAGE,
                nearest="ImageViT-L fuses its frames late, which no row here does",
            ),
            PaperRow("ShortViViT-L", JOINT),
            PaperRow("EffShortViViT-L", JOINT, 0.75),
            PaperRow("VideoCoCa-L"),
            PaperRow("VideoCoCa-2.1B"),
            PaperRow("Flamingo-3B"),
        ),
        "the paper prints a dash",
    ),
}


def rows_of(printed: PaperRow, table: PaperTable, joined: Joined) -> list[Row]:
    """Rows that train all of such an encoder with its mask: of the paper's size, or of every size
    where the matrix does not have that one."""
    found = [
        row
        for row in joined.rows
        if printed.encoder is not None
        and not isinstance(row.cell.spec, Custom)
        and row.cell.spec.paper_name == printed.encoder
        and (row.cell.recipe.train, row.cell.recipe.mask) == ("full", printed.mask)
    ]
    sized = [row for row in found if row.facts.get("size") == table.size]
    return sized or found
