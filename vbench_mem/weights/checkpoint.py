"""Our encoder in one safetensors file, with everything needed to build it again.

The header holds the spec, the recipe, the load of the weights and the facts of their training.
Never pickles, never writes a time or a path: the same weights are the same bytes. No torch at
import: a parent process reads the header without it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from vbench_mem.base.errors import UsageError
from vbench_mem.base.files import file_sha256, written_aside
from vbench_mem.base.load import Load
from vbench_mem.encoders.families import Spec
from vbench_mem.encoders.recipes import Recipe
from vbench_mem.weights.header import KEY, own_header, read_header
from vbench_mem.weights.report import Line, Report

if TYPE_CHECKING:
    from torch import Tensor

    from vbench_mem.encoders.dual import DualEncoder

SCHEMA = 1
SPEC: TypeAdapter[Spec] = TypeAdapter(Annotated[Spec, Field(discriminator="layout")])
RECIPE: TypeAdapter[Recipe] = TypeAdapter(Recipe)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The header of a checkpoint; `weights` reads the tensors.

    load   frames and resolution of the position tables; its batch is always 1
    facts  of the training, as given to `save_checkpoint`
    """

    path: Path
    spec: Spec
    recipe: Recipe
    load: Load
    facts: Mapping[str, Any]
    sha256: str

    def weights(self) -> "dict[str, Tensor]":
        """Every tensor by its name in `DualEncoder.state_dict`, on the CPU; raises `UsageError`
        where the file has been damaged."""
        from vbench_mem.weights.read import load_safe

        return load_safe(self.path)


def save_checkpoint(
    path: Path,
    encoder: "DualEncoder",
    *,
    spec: Spec,
    recipe: Recipe,
    load: Load,
    facts: Mapping[str, Any],
) -> str:
    """Write the encoder as it is and return the SHA-256 of the file.

    Readers see the old file or the new one, never a part. `facts` are plain JSON data.
    Raises `UsageError` where it cannot be written.
    Check:  the same weights and facts give the same bytes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # a path is no part of a checkpoint; the tokenizer's hash is
    spec = replace(spec, text=replace(spec.text, tokenizer_file=None))
    header = {
        "schema": SCHEMA,
        "spec": SPEC.dump_python(spec, mode="json"),
        "recipe": RECIPE.dump_python(recipe, mode="json"),
        "load": {"frames": load.frames, "resolution_px": load.resolution_px},
        "facts": dict(facts),
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    # copies only tensors that are not on the CPU or not contiguous
    state = {name: each.cpu().contiguous() for name, each in encoder.state_dict().items()}
    with written_aside(path) as aside:
        try:
            save_file(state, aside, metadata={KEY: text})
        except SafetensorError as error:  # raised for a full disk
            raise OSError(str(error)) from error
        sha256 = file_sha256(aside)
    return sha256


def read_checkpoint(path: Path) -> Checkpoint:
    """The header; raises `UsageError` for a damaged or foreign file. No weight is loaded."""
    header = own_header(read_header(path))
    if header is None:
        raise UsageError(f"{path}: not our checkpoint: its header has no '{KEY}'")
    if header.get("schema") != SCHEMA:
        raise UsageError(
            f"{path}: schema {header.get('schema')}, this code reads {SCHEMA}; train it again"
        )
    try:
        return Checkpoint(
            path=path,
            spec=SPEC.validate_json(json.dumps(header["spec"])),
            recipe=RECIPE.validate_json(json.dumps(header["recipe"])),
            load=Load(batch=1, **header["load"]),
            facts=dict(header["facts"]),
            sha256=file_sha256(path),
        )
    except (ValidationError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path}: its header cannot be understood: {reason}") from error


def load_into(checkpoint: Checkpoint, encoder: "DualEncoder") -> Report:
    """Load all weights unchanged into an encoder of the same spec, recipe and load.

    Raises `UsageError` where a tensor is missing, left over or of another shape or type, before any
    is changed; `initialise.carry` converts weights between layouts.
    Check:  the state is the one that was saved, bit for bit.
    """
    theirs, ours = checkpoint.weights(), encoder.state_dict()
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs or name not in ours:
            where = "the file" if name in ours else "the encoder"
            raise UsageError(f"{checkpoint.path}: {where} has no {name}; carry it to this encoder")
        if (ours[name].shape, ours[name].dtype) != (theirs[name].shape, theirs[name].dtype):
            raise UsageError(
                f"{checkpoint.path}: {name} is {written(theirs[name])} in the file and "
                f"{written(ours[name])} in the encoder; carry it to this encoder"
            )
    encoder.load_state_dict(theirs)
    lines = (
        Line(fate="loaded", name=name, source=(name,), shape=tuple(each.shape))
        for name, each in ours.items()
    )
    return Report(path=str(checkpoint.path), source="vbench_mem", lines=tuple(lines))


def written(tensor: "Tensor") -> str:
    """`float32 4x16x48`."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {'x'.join(map(str, tensor.shape))}"
