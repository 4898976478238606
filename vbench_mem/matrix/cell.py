"""One thing to measure, fully resolved, and its id. No torch.

A cell is probe x variant x load x runtime under a protocol. Its id is a hash of all of that; names
and prose are outside the hash: a renamed row keeps its records, an edited row loses them.
"""

import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from vbench_mem.base.load import Load, Runtime
from vbench_mem.base.strict import STRICT
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.encoders.text_spec import Text
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
        """`joint_b16+mask75`; the encoder's name alone under the `full` recipe."""
        return self.encoder if self.recipe_name == "full" else f"{self.encoder}+{self.recipe_name}"

    @property
    def samples_nothing(self) -> bool:
        """Is no video read, so that `fps` moves nothing? A user's own code may look at it."""
        reads = self.load.input == "clips" or self.training is not None
        return not reads and not isinstance(self.spec, Custom)

    @property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of everything that is run."""
        facts = dump(self)
        del facts["encoder"], facts["recipe_name"]
        if facts["load"]["clips_sha256"] is not None:
            del facts["load"]["clips"]  # the captions count, not the folder they lie in
        facts["spec"].pop("folder", None)  # nor that of a user's code
        if self.samples_nothing:
            facts["load"]["fps"] = Load.fps
        forget_unset(facts["spec"]["text"])
        if self.training is None:
            del facts["training"]
        else:
            forget_places(facts["training"])
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


# What ids were made of before captions could be read as published models read them.
FIRST = ("tokenizer", "vocab", "tower", "max_tokens")
LATER = {each.name: each.default for each in fields(Text) if each.name not in FIRST}


def forget_unset(text: dict[str, Any]) -> None:
    """Leave out, in place, how captions are read where it is as it always was: the field is newer
    than cells that were measured, and they keep their ids."""
    if text["tokenizer_sha256"] is not None:
        del text["tokenizer_file"]  # as with captions and weights, the hash counts
    for name, default in LATER.items():
        if name in text and text[name] == default:
            del text[name]


def forget_places(training: dict[str, Any]) -> None:
    """Leave out where data and weights lie, in place: their hashes count."""
    for source in (*training["sources"], *training["evaluate"]):
        if source["sha256"] is not None:
            del source["file"], source["videos"]
    if training["init_sha256"] is not None:
        del training["init"]


ADAPTER: TypeAdapter[Cell] = TypeAdapter(Cell)


def dump(cell: Cell) -> dict[str, Any]:
    """The cell as JSON-ready data; `load(dump(cell)) == cell`."""
    data: dict[str, Any] = ADAPTER.dump_python(cell, mode="json")
    return data


def load(data: dict[str, Any]) -> Cell:
    """The cell back from `dump`; raises pydantic's `ValidationError` on anything else."""
    return ADAPTER.validate_json(json.dumps(data))
