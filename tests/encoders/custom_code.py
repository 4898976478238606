"""Cells of encoders that a test writes as a user would."""

from pathlib import Path

from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.source import find_custom
from vbench_mem.matrix.cell import Cell

LOAD = Load(frames=2, batch=3, resolution_px=4, caption_tokens=5)
HEAD = "import torch\nfrom torch import nn\n\n"


def cell_of(folder: Path, reference: str = "own_code:build", **runtime: object) -> Cell:
    return Cell(
        encoder=reference,
        recipe_name="full",
        spec=find_custom(reference, folder),
        recipe=RECIPES["full"],
        load=LOAD,
        runtime=Runtime(device="cpu", threads=1, **runtime),
    )
