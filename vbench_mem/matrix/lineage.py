"""Which stage of a training continues which. A stage is a cell, shared by all that continue it.

No torch, no files: a stage is computed from the cell alone, so that equal stages share an id.
"""

from collections.abc import Iterator
from dataclasses import replace

from vbench_mem.encoders.families import image_pretraining_spec
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.matrix.cell import Cell


def parent(cell: Cell) -> Cell | None:
    """The cell whose checkpoint the last stage of this one continues; None for the first stage.

    Stages on images alone are those of the encoder's image pretraining spec, so that all encoders
    with the same parts share them.
    """
    training = cell.training
    assert training is not None
    if len(training.stages) < 2:
        return None
    stages = training.stages[:-1]
    last = stages[-1]
    spec, name = cell.table_spec, cell.encoder
    if all(stage.feeds == "images" for stage in stages):
        spec, name = image_pretraining_spec(spec), f"{name} on images"
    return replace(
        cell,
        probe="stage",
        encoder=name,
        recipe_name=recipe_name(last.recipe),
        spec=spec,
        recipe=last.recipe,
        load=replace(cell.load, frames=last.frames, batch=last.batch),
        training=replace(training, stages=stages, evaluate=()),
    )


def lineage(cell: Cell) -> Iterator[Cell]:
    """The earlier stages of the cell, the first stage first."""
    stage = parent(cell)
    if stage is not None:
        yield from lineage(stage)
        yield stage


def recipe_name(recipe: object) -> str:
    """The table's name of an equal recipe, else `changed`."""
    return next((name for name, known in RECIPES.items() if known == recipe), "changed")
