"""The files behind the numbers: a record or a prediction for each row, beside the report.

records/<cell id>.json      what was measured, as the store has it
predictions/<cell id>.json  what was predicted for a cell that has no record
"""

import json
from collections.abc import Iterator
from pathlib import Path

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.base.files import write_file
from vbench_mem.matrix import cell as cells
from vbench_mem.probes.prediction import Prediction

RECORDS, PREDICTIONS = "records", "predictions"


def link_of(row: Row) -> str | None:
    """Where the row's numbers are, from the report's folder; None where it has none."""
    if row.record is not None:
        return record_link(row.cell.id)
    if isinstance(row.prediction, Prediction):
        return f"{PREDICTIONS}/{row.cell.id}.json"
    return None


def record_link(cell_id: str) -> str:
    return f"{RECORDS}/{cell_id}.json"


def files_of(joined: Joined) -> Iterator[tuple[str, str]]:
    """Path and text of each file; stages and trainings come after the rows."""
    for record in joined.records:
        yield record_link(record.cell_id), record.model_dump_json(indent=1) + "\n"
    for row in joined.rows:
        if row.record is None and isinstance(row.prediction, Prediction):
            prediction = row.prediction.dump()
            data = {"cell_id": row.cell.id, "cell": cells.dump(row.cell), "prediction": prediction}
            yield f"{PREDICTIONS}/{row.cell.id}.json", json.dumps(data, indent=1) + "\n"


def write_evidence(joined: Joined, folder: Path) -> None:
    for path, text in files_of(joined):
        write_file(folder / path, text)
