"""A matrix's cells -> the lines to search: each variant and runtime once, with all its loads.
Settings that change no byte of a prediction are ignored. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vbench_mem.base.errors import UsageError
from vbench_mem.base.load import Load, Runtime
from vbench_mem.encoders.variants import check_variant
from vbench_mem.matrix.axes import label
from vbench_mem.matrix.cell import Cell
from vbench_mem.running.plan import group_of

MOST_FRAMES = 4096
MOST_CLIPS = 65_536
# axes of a matrix that do not tell lines apart
NOT_OF_A_LINE = ("frames", "batch", "checkpoint", "input", "clips", "fps", "device", "threads")


@dataclass(frozen=True, kw_only=True)
class FitLine:
    """One variant under one runtime.

    cell     with one of its loads; `runtime.checkpoint` says whether layers are recomputed
    label    distinguishes it from the other lines of its matrix, apart from checkpointing
    frames   frame counts at which the largest batch is sought
    batches  batches at which the most frames are sought
    """

    cell: Cell
    label: str
    frames: tuple[int, ...]
    batches: tuple[int, ...]

    @property
    def checkpoint(self) -> bool:
        return self.cell.runtime.checkpoint

    @property
    def key(self) -> str:
        return f"{self.label} checkpoint" if self.checkpoint else self.label

    def at(self, frames: int, batch: int) -> Cell:
        """The same cell at another load."""
        return replace(self.cell, load=replace(self.cell.load, frames=frames, batch=batch))


def lines_of(cells: Iterable[Cell], varying: tuple[str, ...] = ()) -> list[FitLine]:
    """In the order written; each without and, where it trains and can, with checkpointing."""
    axes = tuple(name for name in varying if name not in NOT_OF_A_LINE)
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        plain = bare(cell)
        groups.setdefault(group_of(plain), []).append(plain)
    return [
        FitLine(
            cell=replace(some[0], runtime=replace(some[0].runtime, checkpoint=checkpoint)),
            label=label(some[0], axes),
            frames=tuple(sorted({cell.load.frames for cell in some})),
            batches=tuple(sorted({cell.load.batch for cell in some})),
        )
        for some in groups.values()
        for checkpoint in (False, True)
        if not checkpoint or can_checkpoint(some[0])
    ]


def can_checkpoint(cell: Cell) -> bool:
    """Embedding keeps no activations to recompute; a user's encoder may not support it."""
    recomputing = replace(cell, runtime=replace(cell.runtime, checkpoint=True))
    return cell.load.mode == "train" and is_possible(recomputing, cell.load.frames)


def bare(cell: Cell) -> Cell:
    """Without settings that change no byte, and without checkpointing."""
    load = replace(cell.load, input="noise", clips=None, clips_sha256=None, fps=Load.fps)
    runtime = replace(cell.runtime, device=Runtime.device, threads=None, checkpoint=False)
    return replace(cell, load=load, runtime=runtime)


def frame_counts(cell: Cell, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Those possible with the cell's layout, tubelets, tubes and mask; may be empty."""
    return tuple(frames for frames in range(1, most + 1) if is_possible(cell, frames))


def is_possible(cell: Cell, frames: int) -> bool:
    try:
        check_variant(cell.spec, cell.recipe, replace(cell.load, frames=frames), cell.runtime)
    except UsageError:
        return False
    return True
