"""The folder of a run, the folder of a report, or a baseline file -> a `Side`. Trusts no file."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
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


def read_side(text: str) -> Side:
    """Raises `UsageError` where the place has nothing that can be compared."""
    place = find_place(text)
    if "" in place.files:
        return of_file(place)
    if not is_run(place):
        place = one_machine(place)
    problems: list[str] = []
    items = dict(items_of(read_records(place, problems), read_predictions(place, problems)))
    if not items:
        raise UsageError(f"{text}: no file can be used; the first: {problems[0]}")
    return Side(name=text, items=items, commit=place.commit, problems=tuple(problems))


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
    if not baseline.cells or not all(key.strip() for key in baseline.cells):
        why = "a cell has no name" if baseline.cells else "a baseline of no cells"
        raise UsageError(f"{place.name}: {why}; write it anew with `{RENEW}`")
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


def read_records(place: Place, problems: list[str]) -> dict[str, Record]:
    """Complete records of their own cell and of one machine: the folder's, else that of most."""
    read: list[tuple[str, Record]] = []
    for name, text in texts_of(place, "records", problems):
        try:
            read.append((name, parse_record(text)))
        except Unusable as why:
            problems.append(f"{place.name}/{name}: {why}; not compared")
    counts = Counter(r.environment.fingerprint for _, r in read if r.environment is not None)
    most = counts.most_common(1)[0][0] if counts else "unknown"
    fingerprint = machine_of(place) or most
    found = {}
    for name, record in read:
        try:
            check_identity(record, stem(name), fingerprint)
            found[record.cell_id] = record
        except Unusable as why:
            problems.append(f"{place.name}/{name}: {why}; not compared")
    return found


def texts_of(place: Place, folder: str, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    for name in place.inside(folder):
        text = place.files[name]
        if text is None:
            problems.append(f"{place.name}/{name}: cannot be read")
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


def read_predictions(place: Place, problems: list[str]) -> dict[str, tuple[Cell, Prediction]]:
    """A report's predictions: each file holds a cell and the dump of its prediction."""
    found = {}
    for name, text in texts_of(place, "predictions", problems):
        path = f"{place.name}/{name}"
        try:
            data: dict[str, Any] = dict(parse_json(text))
            cell, prediction = cells.load(data["cell"]), predictions.load(data["prediction"])
        except ValidationError as error:
            problems.append(f"{path}: not a prediction ({explain(error)}); not compared")
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"{path}: torn ({' '.join(str(error).split())}); not compared")
        else:
            if cell.id == stem(name) == data.get("cell_id"):
                found[cell.id] = (cell, prediction)
            else:
                problems.append(f"{path}: foreign, the cell inside it is {cell.id}; not compared")
    return found


def items_of(
    records: Mapping[str, Record], predicted: Mapping[str, tuple[Cell, Prediction]]
) -> Iterator[tuple[str, Item]]:
    """Records, then cells that were only predicted. A prediction file precedes one in a record."""
    for cell_id, record in records.items():
        fresh = predicted[cell_id][1] if cell_id in predicted else None
        prediction = fresh or recorded_prediction(record)
        entry = entry_of(prediction) if prediction is not None else None
        metrics = of_table(record.metrics)
        if fresh is not None and entry is not None:
            metrics |= entry.metrics
        yield (
            cell_id,
            Item(
                key=cell_id,
                cell=record.cell,
                state=record.status.value,
                reason=record.reason,
                metrics=metrics,
                record=record,
                entry=entry,
            ),
        )
    for cell_id, (cell, prediction) in predicted.items():
        if cell_id not in records:
            entry = entry_of(prediction)
            yield cell_id, Item(key=cell_id, cell=cell, metrics=entry.metrics, entry=entry)


def of_table(metrics: Mapping[str, int | float | None]) -> dict[str, int | float]:
    """Without unknown names and impossible numbers: a baseline may be edited by hand."""
    return {
        name: value
        for name, value in metrics.items()
        if value is not None and name in METRICS and abs(value) <= LARGEST
    }
