"""Which training goes on from which: a stage is a cell of its own, shared by all that need it.

No torch, no files: an ancestor is computed from the cell alone, so that equal ones have one id.
"""

from collections.abc import Iterator
from dataclasses import replace

from vbench_mem.encoders.families import image_pretraining_spec
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.matrix.cell import Cell


def parent(cell: Cell) -> Cell | None:
    """The cell whose checkpoint the last stage of this one starts from; None for the first stage.

    A row of stages on images alone is that of the layout's image twin, so that all encoders of the
    same parts share it.
    """
    training = cell.training
    assert training is not None
    if len(training.stages) < 2:
        return None
    stages = training.stages[:-1]
    last = stages[-1]
    spec, name = cell.table_spec, cell.encoder
    if all(stage.feeds == "images" for stage in stages):
        spec, name = image_pretraining_spec(spec), f"{name}'s image twin"
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
    """All that the cell goes on from, the first stage first."""
    above = parent(cell)
    if above is not None:
        yield from lineage(above)
        yield above


def recipe_name(recipe: object) -> str:
    """The table's name of an equal recipe, else a word for one that has none."""
    return next((name for name, known in RECIPES.items() if known == recipe), "changed")
