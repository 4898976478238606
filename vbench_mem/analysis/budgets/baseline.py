"""The baseline: the accepted prediction of each cell, as a file to commit.

It is sorted, without times and names of machines, so that growth shows in a diff. Cells are matched
by name, which is kept when a row of the encoder table is edited, and not by id, which changes then:
variant, frames, batch, and every setting of load and runtime that is not the default.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vbench_mem.base.errors import UsageError, cannot_read, cannot_write
from vbench_mem.base.explain import explain
from vbench_mem.base.files import write_file
from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.base.strict_json import parse_json
from vbench_mem.machine.host import torch_build
from vbench_mem.matrix.axes import shown
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target

SCHEMA = 1
ABOUT = "Predicted memory, in bytes. Rewritten by `vbench-mem check MATRIX --update-baseline`."
CLIPS = ("clips", "clips_sha256")  # which videos: they do not change memory
WRITE = "vbench-mem check MATRIX --update-baseline"
B = TypeVar("B", bound=BaseModel)


class Entry(BaseModel):
    """One cell's prediction; `modules` and `terms` are those at the peak, as in `Prediction`."""

    model_config = STRICT

    target: Target
    peak_phase: str
    metrics: dict[str, int]
    modules: dict[str, dict[str, int]]
    terms: dict[str, int]


class Baseline(BaseModel):
    """`torch` is the major and minor version that predicted; `cells` are by name."""

    model_config = STRICT

    about: str = ABOUT
    schema_version: int = SCHEMA
    torch: str
    cells: dict[str, Entry]

    def text(self) -> str:
        """Independent of the order of the matrix."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"

    def write(self, path: Path) -> None:
        """Raises `UsageError` where the file cannot be written."""
        try:
            write_file(path, self.text())
        except OSError as error:
            raise cannot_write(path, error, "name another file under baseline") from error


def read_baseline(path: Path, write: str = WRITE) -> Baseline:
    """Raises `UsageError` for a file that is missing or not a baseline of this version; its message
    names `write`, the command that writes the file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: the baseline does not exist yet; write it with `{write}` and commit it"
        ) from error
    except OSError as error:
        raise cannot_read(path, error) from error
    return parse_baseline(text, str(path), write)


def parse_baseline(text: bytes, name: str, write: str = WRITE) -> Baseline:
    """The baseline that a file called `name` holds; raises `UsageError`."""
    return parse_as(Baseline, text, name, write)


def parse_as(kind: type[B], text: bytes, name: str, write: str) -> B:
    """The file called `name`, of one kind of baseline; raises `UsageError`."""
    fix = f"delete it, and write a new one with `{write}`"
    try:
        data = parse_json(text)
    except ValueError as error:
        raise UsageError(f"{name}: not JSON ({error}); {fix}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise UsageError(f"{name}: schema {version}, this code reads {SCHEMA}; {fix}")
    try:
        return kind.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise UsageError(f"{name}: not a baseline ({explain(error)}); {fix}") from error


def entry_of(prediction: Prediction) -> Entry:
    """The part of a prediction that is stored; metrics that the target lacks are left out."""
    metrics = prediction.metrics()
    return Entry(
        target=prediction.target,
        peak_phase=prediction.peak_phase,
        metrics={name: value for name, value in metrics.items() if value is not None},
        modules={module: dict(sizes) for module, sizes in prediction.modules.items()},
        terms=dict(prediction.terms),
    )


@dataclass(frozen=True, kw_only=True)
class BaselineIndex:
    """A baseline and the cells that are compared with it; `keys` are names by cell id."""

    path: Path
    baseline: Baseline
    keys: Mapping[str, str]
    torch: str

    def entry(self, cell: Cell) -> Entry | None:
        key = self.keys.get(cell.id)
        return None if key is None else self.baseline.cells.get(key)

    @property
    def stale(self) -> list[str]:
        """Names in the baseline that belong to no cell."""
        return sorted(self.baseline.cells.keys() - set(self.keys.values()))

    @property
    def other_torch(self) -> str:
        """A note where another version of torch predicted the baseline, else empty."""
        if self.baseline.torch == self.torch:
            return ""
        return f" (baseline predicted with torch {self.baseline.torch}, this with {self.torch})"


def index_baseline(path: Path, cells: Iterable[Cell], write: str = WRITE) -> BaselineIndex:
    """The baseline for these cells; raises `UsageError` for a file that cannot be used."""
    baseline = read_baseline(path, write)
    return BaselineIndex(path=path, baseline=baseline, keys=keys_of(cells), torch=torch_version())


def torch_version() -> str:
    """Major and minor: predictions may differ between them."""
    return ".".join(torch_build()[0].split(".")[:2])


def keys_of(cells: Iterable[Cell]) -> dict[str, str]:
    """Each cell's name in the baseline, by id; with its clips where two names would be equal."""
    cells = list(cells)
    names = {cell.id: key_of(cell) for cell in cells}
    uses, seen = Counter(names.values()), Counter[str]()
    for cell in cells:
        if uses[names[cell.id]] > 1:
            names[cell.id] += f" {shown('clips', Path(cell.load.clips or 'none').name)}"
        seen[name := names[cell.id]] += 1
        if seen[name] > 1:
            names[cell.id] = f"{name} ({seen[name]})"
    return names


def key_of(cell: Cell) -> str:
    """`joint_b16+mask75 frames=16 batch=8 device=cuda`."""
    own_px = cell.load.resolution_px == cell.spec.resolution_px
    left_out = (*CLIPS, *(("resolution_px",) if own_px else ()))
    parts = [*not_default(cell.load, Load, left_out), *not_default(cell.runtime, Runtime)]
    return " ".join([cell.variant, *parts])


def not_default(part: Any, kind: type, left_out: tuple[str, ...] = ()) -> list[str]:
    """`frames=16` for each field without a default or with another value."""
    return [
        shown(field.name, getattr(part, field.name))
        for field in fields(kind)
        if field.name not in left_out and getattr(part, field.name) != field.default
    ]
