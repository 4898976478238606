"""Cells of every encoder, recipe and runtime, and which of them every run of the tests meets.

Every run meets each family with each kind of recipe, each encoder and each runtime
(`structures.in_turn`). When asked for, all come.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest

from tests.encoders.structures import MET, REST, STRUCTURES, kind_of, load_for
from vbench_mem.base.load import Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.sizes import Tower
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.resolve import with_kind

RUNTIMES = {
    "float32": Runtime(device="cpu"),
    "bfloat16": Runtime(device="cpu", dtype="bfloat16"),
    "float16": Runtime(device="cpu", dtype="float16", optimizer="loop"),
    "recomputed": Runtime(device="cpu", dtype="bfloat16", checkpoint=True, optimizer="fused"),
    "all scores": Runtime(device="cpu", attention="math"),
}
DEEP = Tower(width=48, depth=8, heads=4, mlp=96)
Spread = tuple[str, str, str]  # encoder, recipe, runtime


def spread(variants: list[tuple[str, str]]) -> Iterator[Spread]:
    """Each variant under one of the runtimes."""
    for (encoder, recipe), runtime in zip(variants, cycle(RUNTIMES), strict=False):
        yield encoder, recipe, runtime


def params(always: list[Spread], asked: list[Spread]) -> list[Any]:
    """For `parametrize`: the first in every run of the tests, the others marked slow."""
    return [
        pytest.param(*each, id=f"{each[0]}+{each[1]}, {each[2]}", marks=marks)
        for group, marks in ((always, ()), (asked, (pytest.mark.slow,)))
        for each in group
    ]


def few(given: list[Spread]) -> list[Spread]:
    """So many that each encoder, each kind of recipe and each runtime is among them."""

    def parts(each: Spread) -> set[Any]:
        return {each[0], kind_of(each[1]), each[2]}

    chosen: list[Spread] = []
    left = set().union(*map(parts, given))
    while left:
        chosen.append(max(given, key=lambda each: len(parts(each) & left)))
        left -= parts(chosen[-1])
    return chosen


MET_CELLS, REST_CELLS = list(spread(MET)), list(spread(REST))
EVERY = params(MET_CELLS, REST_CELLS)
FEW = params(few(MET_CELLS), [c for c in (*MET_CELLS, *REST_CELLS) if c not in few(MET_CELLS)])


def cell_of(encoder: str, recipe: str, runtime: Runtime, mode: str = "train") -> Cell:
    spec = STRUCTURES[encoder]
    return Cell(
        encoder=encoder,
        recipe_name=recipe,
        spec=spec,
        recipe=with_kind(spec, RECIPES[recipe]),
        load=replace(load_for(spec), mode=mode),
        runtime=runtime,
    )


def deep(cell: Cell) -> Cell:
    """More layers than are traced, in both towers."""
    text = replace(cell.spec.text, tower=replace(cell.spec.text.tower, depth=5))
    return replace(cell, spec=replace(cell.spec, tower=DEEP, text=text))
