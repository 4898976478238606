"""Blocks of axes -> cells: the Cartesian product of a block's lists, minus what rules skip.

A combination that makes no sense is refused with its name and the rule that would skip it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbench_mem.base.errors import UsageError, placed
from vbench_mem.base.strict_yaml import written
from vbench_mem.encoders.variants import check_variant
from vbench_mem.matrix.axes import (
    EXAMPLE_ENCODER,
    LAST_WORDS,
    SETTINGS,
    canonical,
    check_value,
    encoders_of,
    facts,
    shown,
)
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.matrix.conditions import matches
from vbench_mem.matrix.resolve import Combination, base_spec, facts_of, resolve, variant_of

ONE_OF = (("variant", "encoder"), ("variant", "recipe"), ("size", "tower"))
ONE_OF_TEXT = (("text_size", "text.tower"), ("text_size", "text"))


@dataclass(frozen=True)
class AxesBlock:
    """One mapping under `axes`: the values of each setting by full path, in the order written."""

    where: str
    choices: dict[str, list[Any]]

    @property
    def varying(self) -> list[str]:
        return [path for path, values in self.choices.items() if len(values) > 1]

    def combinations(self) -> Iterator[Combination]:
        for values in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, values, strict=True))


@dataclass(frozen=True)
class Rule:
    """A skip rule; `when` has full names and typed values."""

    where: str
    when: dict[str, Any]
    reason: str


@dataclass
class Expanded:
    """Cells by id in the order written; reasons of the skipped ones; what could not be a cell;
    further ones with the ids of cells that are not skipped."""

    cells: dict[str, Cell] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    equal: list[Cell] = field(default_factory=list)

    def add(self, cell: Cell, hits: Sequence[Rule]) -> None:
        """One of equal cells; rules skip it only where they skip all of them."""
        is_new = cell.id not in self.cells
        if hits and is_new:
            self.skipped[cell.id] = hits[0].reason
        if is_new or (not hits and self.skipped.pop(cell.id, None) is not None):
            self.cells[cell.id] = cell
        elif not hits:
            self.equal.append(cell)


def parse_block(raw: dict[str, Any], where: str, folder: Path) -> AxesBlock:
    """Checks names and values one by one; raises `UsageError` with the place.

    A user's own encoder is looked for in `folder` first.
    """
    choices: dict[str, list[Any]] = {}
    for name, value in raw.items():
        with placed(f"{where}.{name}: "):
            path = canonical(name)
            if path in choices:
                raise UsageError(f"is the same axis as {path}; keep one of them")
            choices[path] = [check_value(path, option) for option in options_of(path, value)]
            for option in choices[path] if path in ("encoder", "variant") else ():
                base_spec(variant_of({path: option})[0], folder)
    check_together(choices, where)
    return AxesBlock(where, choices)


def options_of(path: str, value: Any) -> list[Any]:
    """The values of an axis. A list of tubes is one value, a list of such lists several; of an
    encoder, patterns become names, each once."""
    if not isinstance(value, list):
        return encoders_of(value) if path == "encoder" else [value]
    if not value:
        raise UsageError("is an empty list; write a value")
    if path == "tubes" and not isinstance(value[0], list):
        return [value]
    doubles = [option for i, option in enumerate(value) if option in value[:i]]
    if doubles and not isinstance(doubles[0], bool | int | float):
        raise UsageError(f"{written(doubles[0])} is written twice; keep one")
    if path == "encoder":
        names = [name for option in value for name in encoders_of(option)]
        return [name for i, name in enumerate(names) if name not in names[:i]]
    return value


def check_together(choices: dict[str, list[Any]], where: str) -> None:
    """Refuse a block without an encoder or a load, or with two names for one setting."""
    for one, other in (*ONE_OF, *ONE_OF_TEXT):
        if one in choices and other in choices:
            raise UsageError(f"{where}: {one} and {other} set the same thing; keep one")
    if "variant" not in choices and "encoder" not in choices:
        raise UsageError(f"{where}: no encoder; write encoder: {EXAMPLE_ENCODER}, or a list")
    for path, example in (("frames", 16), ("batch", 8)):
        if path not in choices:
            raise UsageError(f"{where}: no {path}; write {path}: {example}, or a list")


def expand(
    blocks: Sequence[AxesBlock], rules: Sequence[Rule], protocol: Protocol, folder: Path
) -> Expanded:
    """All cells of all blocks, equal ones once; raises `UsageError` for a rule that skips nothing.

    A combination that makes no sense is no error if a rule skips it.
    """
    found, used = Expanded(), set()
    for block in blocks:
        for combination in block.combinations():
            cell, problem = attempt(combination, protocol, folder)
            known = facts_of(combination, folder) if cell is None else facts(cell)
            hits = [rule for rule in rules if matches(known, rule.when)]
            used |= {rule.where for rule in hits}
            if hits and cell is None:
                found.dropped.append(f"{describe(combination, block)}: {hits[0].reason}")
            elif problem is not None and not hits:
                hint = skip_hint(block, combination, known, protocol, folder)
                where = f"{block.where}: {describe(combination, block)}"
                raise UsageError(f"{where}: {problem}{hint}")
            elif cell is not None:
                found.add(cell, hits)
    for rule in rules:
        if rule.where not in used:
            raise UsageError(f"{rule.where}.when: matches no cell; correct the rule, or remove it")
    return found


def attempt(
    combination: Combination, protocol: Protocol, folder: Path
) -> tuple[Cell | None, str | None]:
    """The cell, or None where none can be made, and what is wrong with it."""
    try:
        cell = resolve(combination, protocol, folder)
    except (UsageError, ValueError) as error:
        return None, str(error)
    try:
        check_variant(cell.spec, cell.recipe, cell.load, cell.runtime)
    except UsageError as error:
        return cell, str(error)
    return cell, None


def describe(combination: Combination, block: AxesBlock) -> str:
    """`encoder=<encoder>, frames=16`: what distinguishes this combination within its block."""
    names = block.varying or list(combination)
    return ", ".join(shown(name, combination[name]) for name in names)


def skip_hint(
    block: AxesBlock,
    combination: Combination,
    known: dict[str, Any],
    protocol: Protocol,
    folder: Path,
) -> str:
    """The shortest rule that skips this combination but none that works; else an empty text."""
    works = [other for other in block.combinations() if attempt(other, protocol, folder)[1] is None]
    if not works:
        return ""
    varying = [path for path in block.varying if path in SETTINGS and path not in LAST_WORDS]
    for count in range(1, len(varying) + 1):
        for paths in itertools.combinations(varying, count):
            if not any(all(other[p] == combination[p] for p in paths) for other in works):
                when = ", ".join(f"{path}: {word(known.get(path))}" for path in paths)
                return f"; to leave it out: skip: [{{when: {{{when}}}, reason: ...}}]"
    return ""


def word(value: Any) -> str:
    """A value as it is written inside a rule's braces."""
    if isinstance(value, str):
        return f"'{value}'" if "," in value else value
    return shown("", value)[1:].replace("none", "null")
