"""Answers of made-up sizes, for the tests of their tables and figures."""

from collections.abc import Callable, Iterator
from pathlib import Path

from vbench_mem.analysis.claims.claim import Claim
from vbench_mem.analysis.fit.solve import FitAnswer, answer_all
from vbench_mem.analysis.fit.variants import lines_of
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix

MIB = 2**20
TEXT = """
about: q
axes: {encoder: [joint_test, frame_mean_test], recipe: [full, mask75], frames: [4, 8], batch: 2}
"""


def size(cell: Cell) -> int:
    """Half as much with a mask, a quarter with recomputed layers."""
    per_frame = 10 * MIB * (0.5 if cell.recipe.mask else 1)
    per_frame *= 0.25 if cell.runtime.checkpoint else 1
    return int(100 * MIB + per_frame * cell.load.frames * cell.load.batch)


def answers_of(
    folder: Path, limit: int, text: str = TEXT, size: Callable[[Cell], int] = size
) -> list[FitAnswer]:
    return list(iterate(folder, limit, text, size))


def iterate(
    folder: Path, limit: int, text: str, size: Callable[[Cell], int]
) -> Iterator[FitAnswer]:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    matrix = load_matrix(path)
    for line in lines_of(matrix.cells, matrix.varying):
        yield from answer_all(line, limit, size)


def claim(**fields: object) -> Claim:
    known = {"name": "c", "kind": "ratio", "variants": ("joint_test", "joint_test+mask75")}
    texts = {"statement": "s", "certainty": "assumed", "source": "a test"}
    return Claim.model_validate(known | {"frames": 4} | texts | fields)
