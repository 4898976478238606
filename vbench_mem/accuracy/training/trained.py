"""The result of a training, stored beside its checkpoint so that it runs only once. No torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vbench_mem.accuracy.training.curve import Curve
from vbench_mem.base.errors import UsageError
from vbench_mem.base.files import file_sha256, written_aside
from vbench_mem.data.benchmark import Dropped
from vbench_mem.matrix.cell import Cell, dump

STAGE_FACTS = ("name", "feeds", "frames", "steps", "batch", "objective")


def checkpoint_path(folder: Path, cell_id: str) -> Path:
    """The file of a training's weights."""
    return folder / f"{cell_id}.safetensors"


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """The result of a stage, without the encoder.

    seconds     of all attempts together, without steps lost by a kill
    clips_seen  clips and images that were embedded, repeats included
    repeated    pairs whose caption was in their batch before them
    truncated   captions of the training pairs that were truncated
    skipped     updates that a loss scaler skipped
    broken      clips that could not be decoded
    resumed     step numbers at which it resumed after a kill
    notes       other events, one sentence each
    """

    curve: Curve
    steps: int
    seconds: float
    clips_seen: int
    repeated: int
    truncated: int
    skipped: int
    broken: tuple[Dropped, ...]
    resumed: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A finished training; its weights are in `checkpoint`.

    definition  hash of all that fixes the weights: cell, parent checkpoint, version of torch
    stage       None where the weights are the given ones
    start       report of every tensor of the initial weights; None for random ones
    peak_bytes  during the training: of this process on the host, or of tensors on a card
    """

    checkpoint: Path
    sha256: str
    definition: str
    stage: StageResult | None
    start: dict[str, Any] | None
    parameters: int
    trained_parameters: int
    threads: int
    peak_bytes: int
    peak_source: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, for a record."""
        data: dict[str, Any] = ADAPTER.dump_python(self, mode="json")
        return data


ADAPTER: TypeAdapter[TrainingResult] = TypeAdapter(TrainingResult)


def definition_of(cell: Cell, parent_sha256: str | None, torch_version: str) -> str:
    """SHA-256 of everything that fixes the weights."""
    text = json.dumps([cell.id, parent_sha256, torch_version])
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(cell: Cell, parent_sha256: str | None, bias: float | None) -> dict[str, Any]:
    """Facts of the training for a checkpoint; every run of it has the same ones.

    bias  of the sigmoid loss, for a stage that continues with it
    """
    training = dump(cell)["training"]
    assert cell.training is not None
    return {
        "cell": cell.id,
        "stages": [
            {name: getattr(stage, name) for name in STAGE_FACTS} for stage in cell.training.stages
        ],
        "sources": [
            {name: source[name] for name in ("name", "split", "size", "sha256")}
            for source in training["sources"]
        ],
        "seed": training["seed"],
        "parent_sha256": parent_sha256,
        "init_sha256": training["init_sha256"],
        "bias": bias,
    }


def objective_of(facts: Mapping[str, Any]) -> str | None:
    """The loss of the last stage in a checkpoint's facts."""
    stages = facts.get("stages") or [{}]
    return stages[-1].get("objective")


def beside(checkpoint: Path, what: str) -> Path:
    """`<cell id>.<what>` in the same folder."""
    return checkpoint.with_name(f"{checkpoint.stem}.{what}")


def write_trained(trained: TrainingResult) -> None:
    """Beside its checkpoint; raises `UsageError` where it cannot be written."""
    with written_aside(beside(trained.checkpoint, "trained.json")) as aside:
        aside.write_text(json.dumps(trained.as_dict(), indent=1) + "\n", encoding="utf-8")


def read_trained(checkpoint: Path, definition: str) -> TrainingResult | None:
    """The stored result of this definition, if its checkpoint still has the same bytes."""
    try:
        text = beside(checkpoint, "trained.json").read_text(encoding="utf-8")
        found = ADAPTER.validate_json(text)
        if found.definition == definition and file_sha256(checkpoint) == found.sha256:
            return replace(found, checkpoint=checkpoint)  # the folder may have been moved
    except (OSError, UnicodeDecodeError, ValidationError, UsageError):
        return None  # missing, damaged or of another training: train again
    return None
