"""What a training came to, kept beside its checkpoint so that it is never done twice. No torch."""

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
    """Where a training keeps the weights it came to."""
    return folder / f"{cell_id}.safetensors"


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """What a stage was, beside the encoder that it trained.

    seconds     of all attempts together, without what a kill lost
    clips_seen  clips and images that went through the encoder, each as often as it did
    repeated    pairs whose caption stood in their batch before them
    truncated   captions of the training pairs that lost their tail
    skipped     updates that a loss scaler left out
    broken      clips that could not be decoded
    resumed     steps that were done when it went on after a kill
    notes       what else happened, one sentence each
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
class Trained:
    """A training that ended; the weights are in the file.

    definition  of all that fixes them: the cell, what it went on from, the version of torch
    stage       none where the weights are those that were given
    start       what became of every tensor of what it started from; none from random weights
    peak_bytes  while it trained: this process's on the host, or that of tensors on a card
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


ADAPTER: TypeAdapter[Trained] = TypeAdapter(Trained)


def definition_of(cell: Cell, parent_sha256: str | None, torch_version: str) -> str:
    """SHA-256 of everything that fixes the weights."""
    text = json.dumps([cell.id, parent_sha256, torch_version])
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(cell: Cell, parent_sha256: str | None, bias: float | None) -> dict[str, Any]:
    """What a checkpoint says of its training: nothing that another run would say otherwise.

    bias  of the sigmoid loss, for a stage that goes on with it
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
    """The loss of the last stage that a checkpoint's facts tell of."""
    stages = facts.get("stages") or [{}]
    return stages[-1].get("objective")


def beside(checkpoint: Path, what: str) -> Path:
    """`<cell id>.<what>` in the same folder."""
    return checkpoint.with_name(f"{checkpoint.stem}.{what}")


def write_trained(trained: Trained) -> None:
    """Beside its checkpoint; raises `UsageError` where it cannot be written."""
    with written_aside(beside(trained.checkpoint, "trained.json")) as aside:
        aside.write_text(json.dumps(trained.as_dict(), indent=1) + "\n", encoding="utf-8")


def read_trained(checkpoint: Path, definition: str) -> Trained | None:
    """What was written for this very training, if its checkpoint is still the same bytes."""
    try:
        text = beside(checkpoint, "trained.json").read_text(encoding="utf-8")
        found = ADAPTER.validate_json(text)
        if found.definition == definition and file_sha256(checkpoint) == found.sha256:
            return replace(found, checkpoint=checkpoint)  # the folder may have been moved
    except (OSError, UnicodeDecodeError, ValidationError, UsageError):
        return None  # whatever it is, it spares no work
    return None
