"""From a place to a side: a run's folder, a report's, or a baseline. Trusts no file.

A report of old keeps its records as lines of records.jsonl; where there is a records folder that
file is not looked at.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from vbench_mem.analysis.budgets.baseline import Entry, entry_of, parse_baseline
from vbench_mem.analysis.compare.locate import Place, find_place
from vbench_mem.analysis.compare.side import Item, Side
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
LINES = "records.jsonl"
LARGEST = sys.float_info.max
FINGERPRINT = re.compile("[0-9a-f]{8}")
WANTED = "write the folder of a run or of a report, or a baseline"


@dataclass
class Found:
    """What was read so far; problems are sentences."""

    records: dict[str, Record] = field(default_factory=dict)
    predicted: dict[str, tuple[Cell, Prediction]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_side(text: str) -> Side:
    """What was typed, read; raises `UsageError` where nothing there can be compared."""
    place = find_place(text)
    if place.is_file:
        return of_file(place)
    if not is_run(place):
        place = one_machine(place)
    found = Found()
    read_records(place, found)
    read_predictions(place, found)
    items = dict(items_of(found))
    if not items:
        unusable = f", of {len(found.problems)} files none can be used: {found.problems[0]}"
        raise UsageError(
            f"{text}: nothing to compare{unusable if found.problems else f'; {WANTED}'}"
        )
    return Side(name=text, items=items, commit=place.commit, problems=tuple(found.problems))


def is_run(place: Place) -> bool:
    folders = ("records", "predictions")
    return LINES in place.names or any(place.files(name, ".json") for name in folders)


def one_machine(place: Place) -> Place:
    """The run in a matrix's folder: the only one, else that of this machine."""
    names = dict.fromkeys(name.split("/")[0] for name in place.names if "/" in name)
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
    text = place.read([""]).get("")
    if text is None:
        raise UsageError(f"{place.name}: cannot be read; {WANTED}")
    if place.name.endswith(".jsonl"):
        found = Found()
        keep_own(lines_of(place.name, text), None, found)
        items = dict(items_of(found))
        if not items:
            raise UsageError(f"{place.name}: no record in it can be used; {WANTED}")
        return Side(
            name=place.name, items=items, commit=place.commit, problems=tuple(found.problems)
        )
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
    """A file of any other kind is not to be mended as a baseline."""
    try:
        data = parse_json(text)
    except ValueError:
        return False
    return isinstance(data, dict) and {"cells", "schema_version"} <= data.keys()


def read_records(place: Place, found: Found) -> None:
    names = place.files("records", ".json")
    texts = place.read(names if names else [LINES] if LINES in place.names else [])
    found.problems += [
        f"{place.name}/{name}: cannot be read" for name in names if name not in texts
    ]
    some: list[tuple[str, bytes, str | None]] = []
    for name, text in texts.items():
        path = f"{place.name}/{name}"
        if name == LINES:
            some += lines_of(path, text)
        else:
            some.append((path, text, name.rpartition("/")[2].removesuffix(".json")))
    keep_own(some, machine_of(place), found)


def lines_of(path: str, text: bytes) -> list[tuple[str, bytes, str | None]]:
    """Each line that has something, with where it is."""
    lines = enumerate(text.splitlines(), 1)
    return [(f"{path} line {number}", line, None) for number, line in lines if line.strip()]


def machine_of(place: Place) -> str | None:
    """The fingerprint that a folder says it is of: in its environment file, else by its name."""
    text = place.read(["environment.json"]).get("environment.json")
    try:
        return Environment.model_validate_json(text or b"").fingerprint
    except ValueError:
        return place.folder if FINGERPRINT.fullmatch(place.folder) else None


def keep_own(
    some: list[tuple[str, bytes, str | None]], fingerprint: str | None, found: Found
) -> None:
    """Of texts with their paths and the ids in their names, those records that are whole, of their
    cell and of one machine: the one told, else the one that most of them are of."""
    read: list[tuple[str, str | None, Record]] = []
    for path, text, cell_id in some:
        try:
            read.append((path, cell_id, parse_record(text)))
        except Unusable as why:
            found.problems.append(f"{path}: {why}; not compared")
    of = Counter(r.environment.fingerprint for *_, r in read if r.environment is not None)
    own = fingerprint or (of.most_common(1)[0][0] if of else "unknown")
    for path, cell_id, record in read:
        try:
            check_identity(record, cell_id or record.cell_id, own)
        except Unusable as why:
            found.problems.append(f"{path}: {why}; not compared")
            continue
        if record.cell_id in found.records:
            found.problems.append(f"{path}: cell {record.cell_id} once more; not compared")
            continue
        found.records[record.cell_id] = record


def read_predictions(place: Place, found: Found) -> None:
    """What a report keeps of predictions: the cell, and the prediction's own dump."""
    names = place.files("predictions", ".json")
    texts = place.read(names)
    for name in names:
        path, cell_id = f"{place.name}/{name}", name.rpartition("/")[2].removesuffix(".json")
        try:
            data: dict[str, Any] = dict(parse_json(texts[name]))
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
    """Records, and what was only predicted; a prediction of its own goes before the record's."""
    for cell_id in [*found.records, *(found.predicted.keys() - found.records.keys())]:
        record, pair = found.records.get(cell_id), found.predicted.get(cell_id)
        entry = entry_of(pair[1]) if pair is not None else recorded(record)
        metrics = of_table(record.metrics) if record is not None else {}
        if pair is not None and entry is not None:
            metrics = metrics | entry.metrics
        cell = record.cell if record is not None else pair[0] if pair is not None else None
        item = Item(key=cell_id, cell=cell, metrics=metrics, record=record, entry=entry)
        if record is not None:
            item = replace(item, state=record.status.value, reason=record.reason)
        yield cell_id, item


def of_table(metrics: Mapping[str, int | float | None]) -> dict[str, int | float]:
    """Those that can be and that the metric table knows: a baseline is edited by hand."""
    return {
        name: value
        for name, value in metrics.items()
        if value is not None and name in METRICS and abs(value) <= LARGEST
    }


def recorded(record: Record | None) -> Entry | None:
    """The prediction that a record holds; none of another version of this code."""
    kept = record.details.get("prediction") if record is not None else None
    if not isinstance(kept, dict):
        return None
    try:
        return entry_of(predictions.load(kept))
    except ValidationError:
        return None
