"""Rows -> one data frame, one CSV, one Parquet file. Whole numbers stay whole."""

from pathlib import Path
from typing import TYPE_CHECKING

from vbench_mem.analysis.join import Joined
from vbench_mem.base.metrics import METRICS
from vbench_mem.report.columns import table_columns

if TYPE_CHECKING:
    import pandas as pd


def frame(joined: Joined) -> "pd.DataFrame":
    """One line for every row, failures and missing ones too, in the matrix's order."""
    import pandas as pd  # here, so that a check need not wait for it

    columns = {
        name: pd.array([read(row) for row in joined.rows], dtype=kind)
        for name, (kind, read) in table_columns(joined).items()
    }
    return pd.DataFrame(columns)


def write_table(joined: Joined, path: Path, *, is_parquet: bool = False) -> None:
    """CSV with a header, line feeds, UTF-8; an empty field is a number that is not there. Parquet
    has the same columns with their types, the unit and meaning of each metric among its facts."""
    if is_parquet:
        write_parquet(joined, path)
    else:
        frame(joined).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_parquet(joined: Joined, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame(joined), preserve_index=False)
    fields = list(table.schema)
    for place, field in enumerate(fields):
        if (metric := METRICS.get(field.name)) is not None:
            facts = {"unit": metric.unit, "better": metric.better, "meaning": metric.meaning}
            fields[place] = field.with_metadata(facts)
    pq.write_table(table.cast(pa.schema(fields, metadata=table.schema.metadata)), path)
