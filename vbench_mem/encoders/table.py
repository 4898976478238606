"""The table of encoders: the rows of all families, by name. No torch."""

from vbench_mem.encoders.families import FAMILIES
from vbench_mem.encoders.row import Encoder

ENCODERS: dict[str, Encoder] = {row.name: row for family in FAMILIES for row in family.rows}
