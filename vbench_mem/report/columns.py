"""The columns of table.csv, in their order, and the value of each in a row. No pandas.

Identity, status, metrics in the order of their table, further axes of the matrix, trainings, scores
by name, and hashes of the data of measured scores. `ABOUT_SCORES` defines the last three.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import MeasuredScore
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import METRICS, Metric
from vbench_mem.matrix.accuracy import Accuracy
from vbench_mem.running.record import Status

Kind = Literal["Int64", "Float64", "boolean", "string"]

WHOLE_UNITS = ("bytes", "parameters", "tokens", "clips", "captions")
# Settings of a cell, by their names in a matrix.
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
    "bytes_requested": ("Int64", lambda row: row.failure.bytes_requested),
    "bytes_limit": ("Int64", lambda row: row.failure.bytes_limit),
    "pruned_by": ("string", lambda row: row.record and row.record.pruned_by),
    "wall_s": ("Float64", lambda row: row.record and row.record.wall_s),
}
TRAINED = ("trained.seeds", "trained.checkpoints", "trained.failed")
# Definitions of the columns of scores measured here.
ABOUT_SCORES = {
    "score.measured.…": "mean over the seeds whose training succeeded",
    "score.measured.….spread": "standard deviation over these seeds; empty for a single one",
    "score.measured.….seeds": "number of these seeds",
    "trained.seeds": "these seeds, of a row that was trained",
    "trained.checkpoints": "SHA-256 of the weights of each seed, in that order",
    "trained.failed": "seeds whose training failed or has no record",
    "data.….sha256": "hash of the captions, right answers and videos of a benchmark",
}


def ordered_metrics() -> list[Metric]:
    """Costs in the order of their table, then parameters and tokens of the encoder."""
    size = [metric for metric in METRICS.values() if metric.unit in ("parameters", "tokens")]
    return [metric for metric in METRICS.values() if metric not in size] + size


def metric_kind(metric: Metric) -> Kind:
    return "Int64" if metric.unit in WHOLE_UNITS else "Float64"


def extra_axes(joined: Joined) -> list[str]:
    """Axes of this matrix without a column in `IDENTITY`."""
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
    if joined.matrix.accuracy is not None:
        kinds |= dict.fromkeys(TRAINED, text)
    for column in joined.score_columns:
        kinds[column] = number
        if is_measured(joined, column):
            kinds |= {f"{column}.spread": number, f"{column}.seeds": "Int64"}
    return kinds | dict.fromkeys(data_columns(joined), text)


def row_values(row: Row, joined: Joined) -> dict[str, Any]:
    """The row's value in every column; None where there is none."""
    values: dict[str, Any] = {"cell_id": row.cell.id}
    values |= {name: row.facts.get(name) for name in IDENTITY}
    if row.cell.load.clips is not None:
        values["clips"] = Path(row.cell.load.clips).name  # the folder differs between machines
    values |= {name: read(row) for name, read in MACHINE.items()}
    values |= {name: read(row) for name, (_, read) in ENDING.items()}
    values |= {name: row.metric(name) for name in METRICS}
    for name in extra_axes(joined):
        value = row.facts.get(name)
        values[f"axis.{name}"] = None if value is None else str(value)
    if joined.matrix.accuracy is not None:
        values |= trained_values(row, joined.matrix.accuracy)
    values |= {name: data_hashes(row, name) for name in data_columns(joined)}
    for column in joined.score_columns:
        score = row.scores.get(column)
        values[column] = None if score is None else score.value
        if is_measured(joined, column):
            values |= measured_values(column, score)
    return values


def is_measured(joined: Joined, column: str) -> bool:
    """Is it a score of weights trained here?"""
    return any(isinstance(row.scores.get(column), MeasuredScore) for row in joined.rows)


def data_column(score: MeasuredScore) -> str:
    return f"data.{score.dataset}@{score.gallery_size}.sha256"


def data_columns(joined: Joined) -> list[str]:
    found = {
        data_column(score)
        for row in joined.rows
        for score in row.scores.values()
        if isinstance(score, MeasuredScore)
    }
    return sorted(found)


def data_hashes(row: Row, column: str) -> str | None:
    """Several if benchmarks with the same name and size differ in their data."""
    scores = (score for score in row.scores.values() if isinstance(score, MeasuredScore))
    hashes = {score.data_sha256 for score in scores if data_column(score) == column}
    return " ".join(sorted(hashes)) or None


def measured_values(column: str, score: AnyScore | None) -> dict[str, Any]:
    if not isinstance(score, MeasuredScore):
        return {f"{column}.spread": None, f"{column}.seeds": None}
    return {f"{column}.spread": score.spread, f"{column}.seeds": len(score.seeds)}


def trained_values(row: Row, accuracy: Accuracy) -> dict[str, Any]:
    """Seeds and checkpoints of a row's trainings; None for a row that is not trained."""
    cell_ids = accuracy.of_row.get(row.cell.id, ())
    known = {cell.id: cell.training for cell in accuracy.cells}
    good = {record.cell_id: record for record in row.trainings if record.status is Status.OK}
    seeds = {key: str(training.seed) for key in cell_ids if (training := known[key]) is not None}
    hashes = [str(record.details["checkpoint"]["sha256"]) for record in good.values()]
    texts = (
        [seeds[key] for key in cell_ids if key in good],
        hashes,
        [seeds[key] for key in cell_ids if key not in good],
    )
    return {name: " ".join(some) or None for name, some in zip(TRAINED, texts, strict=True)}
