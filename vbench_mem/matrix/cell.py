"""One thing to measure, fully resolved, and its id. No torch.

A cell is probe x variant x load x runtime under a protocol. Its id is a hash of all of that; names
and prose are outside the hash: a renamed row keeps its records, an edited row loses them.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.spec import Spec
from vbench_mem.matrix.training import Training

Probe = Literal["burst", "stage", "accuracy"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How it is measured: `warmup` steps untimed, `steps` timed, then killed after `timeout_s`.

    memory_limit_bytes  a virtual smaller card (CUDA) or a cap on the process's data (CPU)
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
    """Resolved: every field is what will be run. `encoder` and `recipe_name` are only names.

    probe     `burst`: a few steps are measured. `stage`: one stage of a training, that others go on
              from. `accuracy`: the last stage, and what the trained encoder then retrieves
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
        """The spec, for what only knows the layouts of the table; never asked of a custom one."""
        assert not isinstance(self.spec, Custom), f"{self.spec.build} has no layout of the table"
        return self.spec

    @property
    def variant(self) -> str:
        """`<encoder>+mask75`; the encoder's name alone under the `full` recipe."""
        return self.encoder if self.recipe_name == "full" else f"{self.encoder}+{self.recipe_name}"

    @property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of everything that is run."""
        facts = without_paths(dump(self))
        del facts["encoder"], facts["recipe_name"]
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
