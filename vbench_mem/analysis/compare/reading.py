"""The folder of a run, the folder of a report, or a baseline file -> a `Side`. Trusts no file."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from vbench_mem.analysis.budgets.baseline import entry_of, parse_baseline
from vbench_mem.analysis.compare.locate import Place, find_place
from vbench_mem.analysis.compare.side import Item, Side
from vbench_mem.analysis.join import recorded_prediction
from vbench_mem.base.errors import UsageError
from vbench_mem.base.explain import explain
from vbench_mem.base.metrics import METRICS
from vbench_mem.base.strict_json import parse_json
from vbench_mem.machine.environment import Environment, read_environment
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import prediction as predictions
from vbench_mem.probes.prediction import Prediction
from vbench_mem.running.record import Record
from vbench_mem.running.store import Unusable, check_identity, parse_record

RENEW = "vbench-mem check MATRIX --update-baseline"
LARGEST = sys.float_info.max
FINGERPRINT = re.compile("[0-9a-f]{8}")
WANTED = "give the folder of a run, the folder of a report, or a baseline file"


@dataclass
class Found:
    """What was read so far; `problems` are sentences about files that were not used."""

    records: dict[str, Record] = field(default_factory=dict)
    predicted: dict[str, tuple[Cell, Prediction]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_side(text: str) -> Side:
    """Raises `UsageError` where the place has nothing that can be compared."""
    place = find_place(text)
    if "" in place.files:
        return of_file(place)
    if not is_run(place):
        place = one_machine(place)
    found = Found()
    read_records(place, found)
    read_predictions(place, found)
    items = dict(items_of(found))
    if not items:
        raise UsageError(f"{text}: no file can be used; the first: {found.problems[0]}")
    return Side(name=text, items=items, commit=place.commit, problems=tuple(found.problems))


def is_run(place: Place) -> bool:
    return any(place.inside(name) for name in ("records", "predictions"))


def one_machine(place: Place) -> Place:
    """The run in a matrix's folder: the only one, else that of this machine."""
    names = dict.fromkeys(name.split("/")[0] for name in place.files if "/" in name)
    runs = {name: place.below(name) for name in names}
    runs = {name: run for name, run in runs.items() if is_run(run)}
    if not runs:
        raise UsageError(f"{place.name}: no records, predictions or baseline there; {WANTED}")
    if len(runs) > 1:
        own = {read_environment(device).fingerprint for device in ("auto", "cpu")}
        runs = {name: run for name, run in runs.items() if name in own} or runs
    if len(runs) > 1:
        first = next(iter(runs.values())).name
        raise UsageError(
            f"{place.name}: {len(runs)} runs or reports ({', '.join(runs)}); "
            f"write the folder of one, such as {first}"
        )
    return next(iter(runs.values()))


def of_file(place: Place) -> Side:
    text = place.files[""]
    if text is None:
        raise UsageError(f"{place.name}: cannot be read; {WANTED}")
    if not looks_like_a_baseline(text):
        raise UsageError(f"{place.name}: neither a run, a report nor a baseline; {WANTED}")
    baseline = parse_baseline(text, place.name, RENEW)
    if not baseline.cells:
        raise UsageError(f"{place.name}: a baseline of no cells; write it anew with `{RENEW}`")
    if not all(key.strip() for key in baseline.cells):
        raise UsageError(f"{place.name}: a cell has no name; write it anew with `{RENEW}`")
    entries = {
        key: Item(key=key, metrics=of_table(entry.metrics), entry=entry)
        for key, entry in baseline.cells.items()
    }
    return Side(name=place.name, items=entries, commit=place.commit, torch=baseline.torch)


def looks_like_a_baseline(text: bytes) -> bool:
    """So that errors in other files do not propose to renew a baseline."""
    try:
        data = parse_json(text)
    except ValueError:
        return False
    return isinstance(data, dict) and {"cells", "schema_version"} <= data.keys()


def read_records(place: Place, found: Found) -> None:
    """Complete records of their own cell and of one machine: the folder's, else that of most."""
    read: list[tuple[str, Record]] = []
    for name, text in texts_of(place, "records", found):
        try:
            read.append((name, parse_record(text)))
        except Unusable as why:
            found.problems.append(f"{place.name}/{name}: {why}; not compared")
    counts = Counter(r.environment.fingerprint for _, r in read if r.environment is not None)
    most = counts.most_common(1)[0][0] if counts else "unknown"
    fingerprint = machine_of(place) or most
    for name, record in read:
        try:
            check_identity(record, stem(name), fingerprint)
        except Unusable as why:
            found.problems.append(f"{place.name}/{name}: {why}; not compared")
        else:
            found.records[record.cell_id] = record


def texts_of(place: Place, folder: str, found: Found) -> Iterator[tuple[str, bytes]]:
    for name in place.inside(folder):
        text = place.files[name]
        if text is None:
            found.problems.append(f"{place.name}/{name}: cannot be read")
        else:
            yield name, text


def stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def machine_of(place: Place) -> str | None:
    """The machine's fingerprint: from the environment file, else from the folder's name."""
    text = place.files.get("environment.json")
    try:
        return Environment.model_validate_json(text or b"").fingerprint
    except ValueError:
        return place.folder if FINGERPRINT.fullmatch(place.folder) else None


def read_predictions(place: Place, found: Found) -> None:
    """A report's predictions: each file holds a cell and the dump of its prediction."""
    for name, text in texts_of(place, "predictions", found):
        path, cell_id = f"{place.name}/{name}", stem(name)
        try:
            data: dict[str, Any] = dict(parse_json(text))
            cell, prediction = cells.load(data["cell"]), predictions.load(data["prediction"])
        except ValidationError as error:
            found.problems.append(f"{path}: not a prediction ({explain(error)}); not compared")
        except (KeyError, TypeError, ValueError) as error:
            found.problems.append(f"{path}: torn ({' '.join(str(error).split())}); not compared")
        else:
            if cell.id == cell_id == data.get("cell_id"):
                found.predicted[cell_id] = (cell, prediction)
            else:
                found.problems.append(
                    f"{path}: foreign, the cell inside it is {cell.id}; not compared"
                )


def items_of(found: Found) -> Iterator[tuple[str, Item]]:
    """Records, then cells that were only predicted. A prediction file overrides the prediction
    inside a record."""
    for cell_id in [*found.records, *(found.predicted.keys() - found.records.keys())]:
        record, pair = found.records.get(cell_id), found.predicted.get(cell_id)
        prediction = pair[1] if pair is not None else recorded_prediction(record)
        entry = entry_of(prediction) if prediction is not None else None
        metrics = of_table(record.metrics) if record is not None else {}
        if pair is not None and entry is not None:
            metrics = metrics | entry.metrics
        cell = record.cell if record is not None else pair[0] if pair is not None else None
        item = Item(key=cell_id, cell=cell, metrics=metrics, record=record, entry=entry)
        if record is not None:
            item = replace(item, state=record.status.value, reason=record.reason)
        yield cell_id, item


def of_table(metrics: Mapping[str, int | float | None]) -> dict[str, int | float]:
    """Without unknown names and impossible numbers: a baseline may be edited by hand."""
    return {
        name: value
        for name, value in metrics.items()
        if value is not None and name in METRICS and abs(value) <= LARGEST
    }
