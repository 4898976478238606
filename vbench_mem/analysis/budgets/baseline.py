"""The baseline: what each cell was predicted to need when somebody last agreed to it, as a file.

The file is committed. It is rewritten whole and in one order, without times and names of machines,
so that a review sees growth as a diff. Never holds a measured number: those differ from run to run.

A cell is found again by its name, not by its id: variant, frames, batch, and every setting of load
and runtime that is not the default. An edited row of the encoders keeps its name, and so its growth
is seen; its id would change and it would pass as a new cell. For the same reason the side of a
frame is in the name only where it is not the encoder's own. A matrix cell that is renamed, or whose
load is changed, is a new cell.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vbench_mem.base.errors import UsageError, cannot_write
from vbench_mem.base.explain import explain
from vbench_mem.base.files import write_file
from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.machine.host import torch_build
from vbench_mem.matrix.axes import shown
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target

SCHEMA = 1
ABOUT = "Predicted memory, in bytes. Rewritten by `vbench-mem check MATRIX --update-baseline`."
CLIPS = ("clips", "clips_sha256")  # which videos: they change no size
RENEW = "vbench-mem check MATRIX --update-baseline"


class Entry(BaseModel):
    """One cell's prediction; `modules` and `terms` are at the peak, as in `Prediction`."""

    model_config = STRICT

    target: Target
    peak_phase: str
    metrics: dict[str, int]
    modules: dict[str, dict[str, int]]
    terms: dict[str, int]


class Baseline(BaseModel):
    """`torch` is the major and minor version that predicted; `cells` by name."""

    model_config = STRICT

    about: str = ABOUT
    schema_version: int = SCHEMA
    torch: str
    cells: dict[str, Entry]

    def text(self) -> str:
        """The same bytes for the same numbers, whatever the order of the matrix."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"

    def write(self, path: Path) -> None:
        """Written aside and moved into place; raises `UsageError` where that is refused."""
        try:
            write_file(path, self.text())
        except OSError as error:
            raise cannot_write(path, error, "name another file under baseline") from error


def read_baseline(path: Path, renew: str = RENEW) -> Baseline:
    """Raises `UsageError` for a file that is missing or is no baseline of this code; its sentence
    names `renew`, the command that writes the file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no baseline there yet; write it with `{renew}` and commit it"
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from error
    return parse_baseline(text, str(path), renew)


def parse_baseline(text: bytes, name: str, renew: str = RENEW) -> Baseline:
    """The baseline that a file called `name` holds; raises `UsageError`."""
    anew = f"delete it, and write it anew with `{renew}`"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not JSON ({error}); {anew}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise UsageError(f"{name}: schema {version}, this code reads {SCHEMA}; {anew}")
    try:
        return Baseline.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise UsageError(f"{name}: not a baseline ({explain(error)}); {anew}") from error


def entry_of(prediction: Prediction) -> Entry:
    """What of a prediction is kept; a metric that this target has not is left out."""
    metrics = prediction.metrics()
    return Entry(
        target=prediction.target,
        peak_phase=prediction.peak_phase,
        metrics={name: value for name, value in metrics.items() if value is not None},
        modules={module: dict(held) for module, held in prediction.modules.items()},
        terms=dict(prediction.terms),
    )


@dataclass(frozen=True, kw_only=True)
class BaselineIndex:
    """A baseline beside the cells that are compared with it; `keys` by cell id."""

    path: Path
    baseline: Baseline
    keys: Mapping[str, str]
    torch: str

    def entry(self, cell: Cell) -> Entry | None:
        key = self.keys.get(cell.id)
        return None if key is None else self.baseline.cells.get(key)

    @property
    def stale(self) -> list[str]:
        """Names in the baseline that no cell has."""
        return sorted(self.baseline.cells.keys() - set(self.keys.values()))

    @property
    def other_torch(self) -> str:
        """A half-sentence where another version predicted, else nothing."""
        if self.baseline.torch == self.torch:
            return ""
        return f" (the baseline is of torch {self.baseline.torch}, this is {self.torch})"


def index_baseline(path: Path, cells: Iterable[Cell], renew: str = RENEW) -> BaselineIndex:
    """The baseline for these cells; raises `UsageError` for a file that cannot be used."""
    baseline = read_baseline(path, renew)
    return BaselineIndex(path=path, baseline=baseline, keys=keys_of(cells), torch=torch_version())


def torch_version() -> str:
    """Major and minor: between them predictions may differ."""
    return ".".join(torch_build()[0].split(".")[:2])


def keys_of(cells: Iterable[Cell]) -> dict[str, str]:
    """Each cell's name in the baseline, by id: its clips too where another would have the same."""
    cells = list(cells)
    plain = {cell.id: key_of(cell) for cell in cells}
    often = Counter(plain.values())
    longer = {cell.id: plain[cell.id] for cell in cells if often[plain[cell.id]] == 1}
    longer |= {
        cell.id: f"{plain[cell.id]} {shown('clips', Path(cell.load.clips or 'none').name)}"
        for cell in cells
        if cell.id not in longer
    }
    seen: Counter[str] = Counter()
    for cell in cells:
        seen[name := longer[cell.id]] += 1
        if seen[name] > 1:
            longer[cell.id] = f"{name} ({seen[name]})"
    return longer


def key_of(cell: Cell) -> str:
    """`joint_b16+mask75 frames=16 batch=8 device=cuda`."""
    own_px = cell.load.resolution_px == cell.spec.resolution_px
    left_out = (*CLIPS, *(("resolution_px",) if own_px else ()))
    parts = [*not_default(cell.load, Load, left_out), *not_default(cell.runtime, Runtime)]
    return " ".join([cell.variant, *parts])


def not_default(part: Any, kind: type, left_out: tuple[str, ...] = ()) -> list[str]:
    """`frames=16` for each field that has no default or another value."""
    return [
        shown(field.name, getattr(part, field.name))
        for field in fields(kind)
        if field.name not in left_out and getattr(part, field.name) != field.default
    ]
