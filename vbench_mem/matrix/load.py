"""A matrix file -> `Matrix`: its cells in the order written, what is skipped, budgets and scores.

Mistakes are refused as `file: key.path: what is wrong; did you mean X?`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from vbench_mem.base.errors import UsageError, nearest, placed
from vbench_mem.base.explain import explain
from vbench_mem.base.strict import STRICT
from vbench_mem.base.strict_yaml import read_yaml, written
from vbench_mem.base.units import parse_bytes
from vbench_mem.encoders.source import find_custom
from vbench_mem.matrix.accuracy import WORDS as ACCURACY_WORDS
from vbench_mem.matrix.accuracy import Accuracy, AccuracyFile, derive
from vbench_mem.matrix.axes import PROTOCOL, facts, label, names
from vbench_mem.matrix.blocks import AxesBlock, Rule, expand, parse_block
from vbench_mem.matrix.budget import Budget
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.conditions import check_when
from vbench_mem.matrix.exhibits import Name
from vbench_mem.matrix.resolve import sha256_of

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
REFERENCE = "reference"  # among `scores`: the published scores that come with the package


class SkipRule(BaseModel):
    """Leave out the cells that match all of `when`, and say why."""

    model_config = STRICT

    when: Annotated[dict[str, Any], Field(min_length=1)]
    reason: Text


class MatrixFile(BaseModel):
    """The file as written; axes, skip rules and budgets are checked name by name later."""

    model_config = STRICT

    about: Annotated[Text, Field(description="the question that the matrix asks")]
    protocol: Protocol = Protocol()
    prune_oom: Annotated[
        bool, Field(description="skip larger cells once a smaller one ran out of memory")
    ] = True
    try_predicted: Annotated[
        bool, Field(description="also run cells that are predicted not to fit the memory")
    ] = False
    scores: list[Text] = []
    accuracy: Annotated[
        AccuracyFile | None, Field(description="train rows and evaluate their retrieval")
    ] = None
    exhibits: Annotated[
        list[Name], Field(description="figures and tables of the paper to redraw from the rows")
    ] = []
    axes: Any
    skip: list[SkipRule] = []
    budgets: list[Any] = []
    baseline: Annotated[
        Text | None,
        Field(description="file that max_growth compares with, relative to the matrix"),
    ] = None


WORDS = {
    (): tuple(MatrixFile.model_fields),
    ("protocol",): PROTOCOL,
    ("skip", "*"): tuple(SkipRule.model_fields),
    **ACCURACY_WORDS,
}


@dataclass(frozen=True)
class Matrix:
    """The content of a matrix file.

    cells    in the order written, equal ones once, including those that a rule skips
    skipped  reasons by cell id
    dropped  combinations that a rule skips and that are not even a cell
    baseline the file that growth is compared with, which may not exist yet
    accuracy the trainings; none where the file has no such section
    axes     full names of all axes; `varying` are those in which the cells differ
    text     the file as it was
    """

    name: str
    path: Path
    about: str
    cells: tuple[Cell, ...]
    skipped: dict[str, str]
    budgets: tuple[Budget, ...]
    scores: tuple[str, ...]
    prune_oom: bool
    axes: tuple[str, ...]
    text: str
    varying: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    try_predicted: bool = False
    baseline: Path | None = None
    accuracy: Accuracy | None = None
    exhibits: tuple[Name, ...] = ()

    @property
    def wanted(self) -> tuple[Cell, ...]:
        """The cells that no rule skips."""
        return tuple(cell for cell in self.cells if cell.id not in self.skipped)

    @property
    def everything(self) -> tuple[Cell, ...]:
        """The cells, then all trainings with their stages."""
        return (*self.cells, *(self.accuracy.all if self.accuracy is not None else ()))

    def label(self, cell: Cell) -> str:
        """`<encoder>+mask75 frames=16`: what distinguishes this cell from the others."""
        return label(cell, self.varying)


def load_matrix(path: Path) -> Matrix:
    """Read and check a file; raises `UsageError` with the file, the place and the fix."""
    data, text = read_yaml(path)
    sha256_of.cache_clear()
    find_custom.cache_clear()
    with placed(f"{path}: "):
        return build_matrix(path, data, text)


def build_matrix(path: Path, data: Any, text: str) -> Matrix:
    file = check_file(data)
    folder = path.resolve().parent
    blocks = check_blocks(file.axes, folder)
    rules = [check_rule(rule, f"skip[{i}]") for i, rule in enumerate(file.skip)]
    found = expand(blocks, rules, file.protocol, folder)
    used = dict.fromkeys(name for block in blocks for name in block.choices)
    known = [facts(cell) for cell in found.cells.values()]
    variants = {cell.variant for cell in found.cells.values()}
    trainable = [cell for cell in found.cells.values() if cell.id not in found.skipped]
    trainable += found.equal
    return Matrix(
        name=path.stem,
        path=path,
        about=file.about.strip(),
        cells=tuple(found.cells.values()),
        skipped=found.skipped,
        budgets=tuple(
            check_budget(raw, f"budgets[{i}]", variants) for i, raw in enumerate(file.budgets)
        ),
        scores=tuple(check_score(text, i, folder) for i, text in enumerate(file.scores)),
        prune_oom=file.prune_oom,
        axes=tuple(used),
        text=text,
        varying=tuple(
            name for name in used if any(each.get(name) != known[0].get(name) for each in known)
        ),
        dropped=tuple(found.dropped),
        try_predicted=file.try_predicted,
        baseline=None if file.baseline is None else path.parent / file.baseline,
        accuracy=None if file.accuracy is None else derive(file.accuracy, trainable, folder),
        exhibits=tuple(dict.fromkeys(file.exhibits)),
    )


def check_file(data: Any) -> MatrixFile:
    """The file without its axes; raises `UsageError` for unknown keys and wrong types."""
    if not isinstance(data, dict):
        raise UsageError("a matrix is a mapping with at least about and axes; see matrices/")
    for key in data.keys() - MatrixFile.model_fields.keys():
        if key in names() or key in PROTOCOL:
            above = "axes" if key in names() else "protocol"
            raise UsageError(f"{key}: belongs under {above}; move it there")
    protocol = data.get("protocol")
    if isinstance(protocol, dict) and isinstance(protocol.get("memory_limit_bytes"), str):
        with placed("protocol.memory_limit_bytes: "):
            limit = parse_bytes(protocol["memory_limit_bytes"])
        data = data | {"protocol": protocol | {"memory_limit_bytes": limit}}
    try:
        return MatrixFile.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise UsageError(explain(error, WORDS)) from error


def check_blocks(raw: Any, folder: Path) -> list[AxesBlock]:
    """One block for a mapping, several for a list of mappings."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed or not all(isinstance(block, dict) and block for block in listed):
        raise UsageError("axes: write a mapping of names to values, or a list of such mappings")
    places = [f"axes[{i}]" for i in range(len(listed))] if isinstance(raw, list) else ["axes"]
    return [parse_block(block, at, folder) for block, at in zip(listed, places, strict=True)]


def check_rule(rule: SkipRule, where: str) -> Rule:
    with placed(f"{where}.when."):
        return Rule(where, check_when(rule.when), rule.reason.strip())


def check_budget(raw: Any, where: str, variants: Collection[str] | None = None) -> Budget:
    """A budget with checked conditions; raises `UsageError` with the place."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: {written(raw)} is not a mapping with metric and a limit")
    for key in ("where", "to", "from"):
        for name, value in raw[key].items() if isinstance(raw.get(key), dict) else ():
            with placed(f"{where}.{key}."):
                check_when({name: value}, variants)
    keys = [field.alias or name for name, field in Budget.model_fields.items()]
    for unknown in [key for key in raw if key not in keys]:
        raise UsageError(f"{where}: no key called '{unknown}' here{nearest(unknown, keys)}")
    try:
        with placed(f"{where}: "):
            return Budget.model_validate(raw)
    except ValidationError as error:
        raise UsageError(explain(error, above=where)) from error


def check_score(text: str, index: int, folder: Path) -> str:
    """`reference`, or the full path of a file that is there."""
    if text == REFERENCE:
        return text
    path = (folder / text).resolve()
    if not path.is_file():
        raise UsageError(f"scores[{index}]: no file {path}; write a path relative to the matrix")
    return str(path)
