"""Rows -> one data frame and one CSV. Whole numbers stay whole, what is missing is empty."""

from pathlib import Path
from typing import TYPE_CHECKING

from vbench_mem.join import Joined
from vbench_mem.report.columns import column_kinds, row_values

if TYPE_CHECKING:
    import pandas as pd


def frame(joined: Joined) -> "pd.DataFrame":
    """One line for every row, failures and missing ones too, in the matrix's order."""
    import pandas as pd  # here, so that a check need not wait for it

    kinds = column_kinds(joined)
    values = [row_values(row, joined) for row in joined.rows]
    columns = {
        name: pd.array([value[name] for value in values], dtype=kind)
        for name, kind in kinds.items()
    }
    return pd.DataFrame(columns)


def write_table(joined: Joined, path: Path) -> None:
    """CSV with a header, line feeds, UTF-8; an empty field is a number that is not there."""
    frame(joined).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
