"""THE columns of table.csv, in their order, and the value of each in a row. No pandas.

identity, status, memory, FLOPs, speed, energy, input, parameters, tokens (all in the order of the
table of metrics), then axes of this matrix that have no column of their own, then scores by name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from vbench_mem.join import Joined, Row
from vbench_mem.metrics import METRICS, Metric

Kind = Literal["Int64", "Float64", "boolean", "string"]

WHOLE_UNITS = ("bytes", "parameters", "tokens", "clips", "captions")
# What a cell is, by the names that a matrix knows.
IDENTITY: dict[str, Kind] = {
    "variant": "string",
    "encoder": "string",
    "recipe": "string",
    "family": "string",
    "size": "string",
    "frames": "Int64",
    "resolution_px": "Int64",
    "batch": "Int64",
    "caption_tokens": "Int64",
    "mode": "string",
    "input": "string",
    "clips": "string",
    "fps": "Float64",
    "device": "string",
    "dtype": "string",
    "attention": "string",
    "checkpoint": "boolean",
    "compile": "boolean",
    "optimizer": "string",
    "threads": "Int64",
    "mask": "Float64",
    "mask_kind": "string",
    "train": "string",
    "adapter_width": "Int64",
    "lora_rank": "Int64",
    "blocks": "Int64",
    "patch_px": "Int64",
    "tubelet_frames": "Int64",
    "memory_limit_bytes": "Int64",
    "warmup": "Int64",
    "steps": "Int64",
    "seed": "Int64",
}
MACHINE: dict[str, Callable[[Row], object]] = {
    "machine": lambda row: row.record and row.record.environment and row.record.environment.device,
    "fingerprint": lambda row: (
        row.record and row.record.environment and row.record.environment.fingerprint
    ),
}
ENDING: dict[str, tuple[Kind, Callable[[Row], object]]] = {
    "status": ("string", lambda row: row.state),
    "reason": ("string", lambda row: row.reason),
    "failure_phase": ("string", lambda row: row.failure.phase),
    "failure_where": ("string", lambda row: row.failure.where),
    "bytes_asked": ("Int64", lambda row: row.failure.bytes_asked),
    "bytes_limit": ("Int64", lambda row: row.failure.bytes_limit),
    "pruned_by": ("string", lambda row: row.record and row.record.pruned_by),
    "wall_s": ("Float64", lambda row: row.record and row.record.wall_s),
}


def ordered_metrics() -> list[Metric]:
    """Costs in the order of their table, then what the encoder is: its parameters and tokens."""
    size = [metric for metric in METRICS.values() if metric.unit in ("parameters", "tokens")]
    return [metric for metric in METRICS.values() if metric not in size] + size


def metric_kind(metric: Metric) -> Kind:
    return "Int64" if metric.unit in WHOLE_UNITS else "Float64"


def extra_axes(joined: Joined) -> list[str]:
    """Axes that this matrix uses and that have no column in every table."""
    return [name for name in joined.matrix.axes if name not in IDENTITY]


def column_kinds(joined: Joined) -> dict[str, Kind]:
    """Every column of the table with its type, in order."""
    text: Kind = "string"
    number: Kind = "Float64"
    kinds: dict[str, Kind] = {"cell_id": text} | IDENTITY
    kinds |= dict.fromkeys(MACHINE, text)
    kinds |= {name: kind for name, (kind, _) in ENDING.items()}
    kinds |= {metric.name: metric_kind(metric) for metric in ordered_metrics()}
    kinds |= {f"axis.{name}": text for name in extra_axes(joined)}
    kinds |= dict.fromkeys(joined.score_columns, number)
    return kinds


def row_values(row: Row, joined: Joined) -> dict[str, Any]:
    """The row's value in every column; None where there is none."""
    values: dict[str, Any] = {"cell_id": row.cell.id}
    values |= {name: row.facts.get(name) for name in IDENTITY}
    if row.cell.load.clips is not None:
        values["clips"] = Path(row.cell.load.clips).name  # the folder is one machine's own
    values |= {name: read(row) for name, read in MACHINE.items()}
    values |= {name: read(row) for name, (_, read) in ENDING.items()}
    values |= {name: row.metric(name) for name in METRICS}
    for name in extra_axes(joined):
        value = row.facts.get(name)
        values[f"axis.{name}"] = None if value is None else str(value)
    for column in joined.score_columns:
        score = row.scores.get(column)
        values[column] = None if score is None else score.value
    return values
