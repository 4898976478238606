"""The columns of table.csv and the value of each in a row: identity, status, metrics, further axes
of the matrix, trainings, scores by name, hashes of the data of measured scores. No pandas."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.measured import MeasuredScore
from vbench_mem.analysis.scores.score import AnyScore
from vbench_mem.base.metrics import METRICS, Metric
from vbench_mem.matrix.accuracy import Accuracy
from vbench_mem.running.record import Status

Kind = Literal["Int64", "Float64", "boolean", "string"]
Read = Callable[[Row], Any]

WHOLE_UNITS = ("bytes", "parameters", "tokens", "clips", "captions")
# Settings of a cell by their names in a matrix, in the order of their columns.
OF_A_CELL: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("string", ("variant", "encoder", "recipe", "family", "size")),
    ("Int64", ("frames", "resolution_px", "batch", "caption_tokens")),
    ("string", ("mode", "input", "clips")),
    ("Float64", ("fps",)),
    ("string", ("device", "dtype", "attention")),
    ("boolean", ("checkpoint", "compile")),
    ("string", ("optimizer",)),
    ("Int64", ("threads",)),
    ("Float64", ("mask",)),
    ("string", ("mask_kind", "train")),
    ("Int64", ("adapter_width", "lora_rank", "blocks", "patch_px", "tubelet_frames")),
    ("Int64", ("memory_limit_bytes", "warmup", "steps", "seed")),
)
IDENTITY = {name: kind for kind, names in OF_A_CELL for name in names}
ENDING: dict[str, tuple[Kind, Read]] = {
    "machine": ("string", lambda row: environment_of(row, "device")),
    "fingerprint": ("string", lambda row: environment_of(row, "fingerprint")),
    "status": ("string", lambda row: row.state),
    "reason": ("string", lambda row: row.reason),
    "failure_phase": ("string", lambda row: row.failure.phase),
    "failure_where": ("string", lambda row: row.failure.where),
    "bytes_requested": ("Int64", lambda row: row.failure.bytes_requested),
    "bytes_limit": ("Int64", lambda row: row.failure.bytes_limit),
    "pruned_by": ("string", lambda row: row.record and row.record.pruned_by),
    "wall_s": ("Float64", lambda row: row.record and row.record.wall_s),
}
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


def table_columns(joined: Joined) -> dict[str, tuple[Kind, Read]]:
    """Every column in order: its type, and what reads its value from a row, None for no value."""
    found: dict[str, tuple[Kind, Read]] = {"cell_id": ("string", lambda row: row.cell.id)}
    found |= {name: (kind, partial(setting, name=name)) for name, kind in IDENTITY.items()}
    found |= ENDING
    for metric in ordered_metrics():
        found[metric.name] = metric_kind(metric), partial(Row.metric, name=metric.name)
    for name in joined.matrix.axes:
        if name not in IDENTITY:
            found[f"axis.{name}"] = "string", partial(setting, name=name, is_text=True)
    if (accuracy := joined.matrix.accuracy) is not None:
        for name in ("seeds", "checkpoints", "failed"):
            read = partial(trained_text, accuracy=accuracy, name=name)
            found[f"trained.{name}"] = "string", read
    scores = [score for row in joined.rows for score in row.scores.items()]
    measured = {column for column, score in scores if isinstance(score, MeasuredScore)}
    for column in joined.score_columns:
        read_as = partial(of_score, column=column)
        found[column] = "Float64", partial(read_as, read=lambda score: score.value)
        if column in measured:
            found[f"{column}.spread"] = "Float64", partial(read_as, read=lambda it: it.spread)
            found[f"{column}.seeds"] = "Int64", partial(read_as, read=count_of_seeds)
    data = {data_column(score) for _, score in scores if isinstance(score, MeasuredScore)}
    return found | {name: ("string", partial(data_hashes, column=name)) for name in sorted(data)}


def environment_of(row: Row, name: str) -> object:
    """The fact of the machine that measured the row."""
    environment = row.record and row.record.environment
    return environment and getattr(environment, name)


def setting(row: Row, name: str, is_text: bool = False) -> object:
    if name == "clips" and row.cell.load.clips is not None:
        return Path(row.cell.load.clips).name  # the folder differs between machines
    value = row.facts.get(name)
    return str(value) if is_text and value is not None else value


def data_column(score: MeasuredScore) -> str:
    return f"data.{score.dataset}@{score.gallery_size}.sha256"


def data_hashes(row: Row, column: str) -> str | None:
    """Several if benchmarks with the same name and size differ in their data."""
    scores = (score for score in row.scores.values() if isinstance(score, MeasuredScore))
    hashes = {score.data_sha256 for score in scores if data_column(score) == column}
    return " ".join(sorted(hashes)) or None


def of_score(row: Row, column: str, read: Callable[[AnyScore], Any]) -> Any:
    score = row.scores.get(column)
    return None if score is None else read(score)


def count_of_seeds(score: AnyScore) -> int | None:
    """None for a score that was not measured here."""
    return len(score.seeds) if isinstance(score, MeasuredScore) else None


def trained_text(row: Row, accuracy: Accuracy, name: str) -> str | None:
    """Of the column `trained.` and this name; None for a row that is not trained."""
    known = {cell.id: cell.training for cell in accuracy.cells}
    good = {record.cell_id: record for record in row.trainings if record.status is Status.OK}
    if name == "checkpoints":
        texts = [str(record.details["checkpoint"]["sha256"]) for record in good.values()]
    else:
        texts = [
            str(training.seed)
            for key in accuracy.of_row.get(row.cell.id, ())
            if (training := known[key]) is not None and (key in good) == (name == "seeds")
        ]
    return " ".join(texts) or None
