"""The result of one cell as a pydantic model, stored as one JSON file."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from vbench_mem.base.errors import nearest
from vbench_mem.base.files import write_file
from vbench_mem.base.metrics import METRICS
from vbench_mem.base.strict import STRICT
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.cell import Cell

SCHEMA: Literal[1] = 1  # history: 1, the first


class Status(StrEnum):
    OK = "ok"
    OOM = "oom"  # of the device or the host; `Failure` has the phase and the bytes requested
    TIMEOUT = "timeout"
    KILLED = "killed"  # by a signal that was not ours
    UNSUPPORTED = "unsupported"  # not possible on this device; nothing was tried
    ERROR = "error"
    SKIPPED = "skipped"  # by a rule, after a smaller cell ran out of memory, or predicted too large


class RowState(StrEnum):
    """A `Status` of the row's record, or where no record counts one of the other states."""

    OK = Status.OK.value
    OOM = Status.OOM.value
    TIMEOUT = Status.TIMEOUT.value
    KILLED = Status.KILLED.value
    UNSUPPORTED = Status.UNSUPPORTED.value
    ERROR = Status.ERROR.value
    SKIPPED = Status.SKIPPED.value
    MISSING = "missing"  # the cell has no record
    PREDICTED = "predicted"  # to fit, where a card is given
    TIGHT = "tight"  # predicted to fit the card only just
    DOES_NOT_FIT = "does not fit"  # as predicted
    UNPREDICTED = "unpredicted"  # the cell cannot be predicted


class Failure(BaseModel):
    """The known facts of an ending that is not ok."""

    model_config = STRICT

    phase: str | None = None  # build, batch, forward, backward, optimizer, embed, time, ...
    where: Literal["device", "host"] | None = None  # whose memory ran out
    bytes_requested: int | None = None
    bytes_limit: int | None = None  # the card's, or the virtual card's
    signal: int | None = None
    exit_code: int | None = None
    traceback: str | None = None


class Record(BaseModel):
    """`metrics` has only names from `metrics.METRICS`; a null one has its reason in `missing`."""

    model_config = STRICT

    schema_version: Literal[1] = SCHEMA
    cell_id: str
    cell: Cell
    status: Annotated[Status, Field(strict=False)]
    reason: str | None = None  # one sentence; none when ok
    failure: Failure | None = None
    pruned_by: str | None = None  # id of the smaller cell that ran out of memory
    predicted_bytes: int | None = None  # of a cell that was skipped because this does not fit
    metrics: dict[str, int | float | None] = {}
    missing: dict[str, str] = {}
    details: dict[str, Any] = {}  # methods, kernels, what counters missed, times of each step
    environment: Environment | None = None
    started_at: str | None = None  # UTC, ISO 8601
    wall_s: float | None = None  # of the whole child

    @field_validator("metrics")
    @classmethod
    def known_and_finite(cls, metrics: dict[str, int | float | None]) -> dict[str, Any]:
        for name, value in metrics.items():
            if name not in METRICS:
                raise ValueError(f"no metric called {name}{nearest(name, METRICS)}")
            if value is not None and not abs(value) <= sys.float_info.max:  # nor is NaN
                raise ValueError(f"{name} is {value}; write null for a number that is missing")
        return metrics


def write_record(record: Record, path: Path) -> None:
    write_file(path, record.model_dump_json(indent=1) + "\n")
