"""Which cells a score of a file is of. No torch."""

from collections.abc import Callable, Iterable

from vbench_mem.analysis.scores.score import Score, adaptation
from vbench_mem.encoders.variants import mask_kind
from vbench_mem.matrix.cell import Cell


def match(score: Score, cells: Iterable[Cell]) -> tuple[list[Cell], str]:
    """The cells whose embeddings the score belongs to, or the reason why none matches.

    All that can change an embedding must be equal: the encoder's spec, what is trained, the mask's
    ratio and kind, frames, resolution. Batch, dtype, kernel and checkpointing are ignored.
    """
    left = list(cells)
    if score.is_external:
        return [], "a system that no encoder here builds"
    for test, reason in _tests(score):
        left = [cell for cell in left if test(cell)]
        if not left:
            return [], reason
    return left, ""


def _tests(score: Score) -> list[tuple[Callable[[Cell], bool], str]]:
    """The conditions, each with the reason to give where no cell meets it."""
    spec, name = score.encoder.spec, score.encoder.name
    mask, pixels = score.mask_ratio, score.resolution_px or spec.resolution_px
    kind = mask_kind(spec, score.recipe)
    trained = adaptation(score.recipe)
    return [
        (lambda cell: cell.spec == spec, f"no cell has {name} with the settings of the table"),
        (
            lambda cell: adaptation(cell.recipe) == trained,
            f"no cell of {name} trains the same weights as {score.variant}",
        ),
        (
            lambda cell: (
                cell.recipe.mask == mask and (not mask or mask_kind(spec, cell.recipe) == kind)
            ),
            f"no such cell has mask {mask:g}" + (f" ({kind})" if mask else ""),
        ),
        (
            lambda cell: cell.load.frames == score.frames,
            f"no such cell has {score.frames} frames",
        ),
        (lambda cell: cell.load.resolution_px == pixels, f"no such cell has {pixels} px"),
    ]
