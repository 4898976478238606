"""A cell: one thing to measure with every setting filled in, and its id. No torch.

A cell is a probe, a variant, a load and a runtime under a protocol. Its id is a hash of all of
these without names: a renamed encoder keeps its records, a changed one needs new ones.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.matrix.training import Training

Probe = Literal["burst", "stage", "accuracy"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a cell is measured: `warmup` steps, then `steps` timed ones; killed after `timeout_s`.

    memory_limit_bytes  simulates a smaller card (CUDA), or limits the process's data (CPU)
    """

    __pydantic_config__ = STRICT

    warmup: Annotated[int, Field(ge=1)] = 2
    steps: Annotated[int, Field(ge=1)] = 5
    seed: Annotated[int, Field(ge=0)] = 0
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    memory_limit_bytes: Annotated[int, Field(gt=0)] | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Every field is what will be run, except the names `encoder` and `recipe_name`.

    probe     `burst`: a few steps are measured. `stage`: a stage of a training that others
              continue. `accuracy`: the last stage of a training, and its evaluation
    training  for the last two: all stages up to this one; load and recipe are those of the last
    """

    __pydantic_config__ = STRICT

    probe: Probe = "burst"
    encoder: str
    recipe_name: str
    spec: Annotated[Spec | Custom, Field(discriminator="layout")]
    recipe: Recipe
    load: Load
    runtime: Runtime = field(default_factory=Runtime)
    protocol: Protocol = field(default_factory=Protocol)
    training: Training | None = None

    def __post_init__(self) -> None:
        if (self.probe == "burst") != (self.training is None):
            raise ValueError("a burst has no training, a stage and an accuracy have one")

    @property
    def table_spec(self) -> Spec:
        """The spec, of a cell that is known not to be of a user's own encoder."""
        assert not isinstance(self.spec, Custom), f"{self.spec.build} has no layout of the table"
        return self.spec

    @property
    def variant(self) -> str:
        """`<encoder>+mask75`; the encoder's name alone under the `full` recipe."""
        return self.encoder if self.recipe_name == "full" else f"{self.encoder}+{self.recipe_name}"

    @property
    def samples_nothing(self) -> bool:
        """Is no video read, so that `fps` moves nothing? A user's own code may look at it."""
        reads = self.load.input == "clips" or self.training is not None
        return not reads and not isinstance(self.spec, Custom)

    @property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of everything that is run."""
        facts = without_paths(dump(self))
        del facts["encoder"], facts["recipe_name"]
        if self.samples_nothing:
            facts["load"]["fps"] = Load.fps
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


# Paths that an id leaves out where it has the hash of what lies there, with the field of that hash.
HASH_OF_PATH = {
    "clips": "clips_sha256",
    "tokenizer_file": "tokenizer_sha256",
    "folder": "source_sha256",  # of a user's own code
    "file": "sha256",
    "videos": "sha256",
    "init": "init_sha256",
}


def without_paths(data: Any) -> Any:
    """A copy of dumped data without the paths whose content is hashed."""
    if isinstance(data, list):
        return [without_paths(each) for each in data]
    if not isinstance(data, dict):
        return data
    return {
        name: without_paths(value)
        for name, value in data.items()
        if data.get(HASH_OF_PATH.get(name, "")) is None
    }


ADAPTER: TypeAdapter[Cell] = TypeAdapter(Cell)


def dump(cell: Cell) -> dict[str, Any]:
    """The cell as JSON-ready data; `load(dump(cell)) == cell`."""
    data: dict[str, Any] = ADAPTER.dump_python(cell, mode="json")
    return data


def load(data: dict[str, Any]) -> Cell:
    """The cell back from `dump`; raises pydantic's `ValidationError` on anything else."""
    return ADAPTER.validate_json(json.dumps(data))
