"""A matrix's cells -> the lines to search: each variant and runtime once, with the loads asked.

What moves no byte of a prediction (device, threads, real files instead of noise) tells no two lines
apart. No torch.
"""

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
# an axis of a matrix that a line of the answer does not have
NOT_OF_A_LINE = ("frames", "batch", "checkpoint", "input", "clips", "fps", "device", "threads")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One variant under one runtime.

    cell     a load of it; `runtime.checkpoint` tells whether layers are recomputed
    label    what tells it from the other lines of its matrix, checkpointing apart
    frames   the frame counts at which the largest batch is asked
    batches  the batches at which the most frames are asked
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
        return at(self.cell, frames, batch)


def at(cell: Cell, frames: int, batch: int) -> Cell:
    """The same cell at another load."""
    return replace(cell, load=replace(cell.load, frames=frames, batch=batch))


def lines_of(cells: Iterable[Cell], varying: tuple[str, ...] = ()) -> list[Line]:
    """In the order written; each without and, where it trains and can, with checkpointing."""
    axes = tuple(name for name in varying if name not in NOT_OF_A_LINE)
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        plain = bare(cell)
        groups.setdefault(group_of(plain), []).append(plain)
    return [
        Line(
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
    """Embedding keeps nothing that could be recomputed; a user's encoder may not know how to."""
    recomputing = replace(cell, runtime=replace(cell.runtime, checkpoint=True))
    return cell.load.mode == "train" and makes_sense(recomputing, cell.load.frames)


def bare(cell: Cell) -> Cell:
    """Without what moves no byte, and without checkpointing."""
    load = replace(cell.load, input="noise", clips=None, clips_sha256=None, fps=Load.fps)
    runtime = replace(cell.runtime, device=Runtime.device, threads=None, checkpoint=False)
    return replace(cell, load=load, runtime=runtime)


def frame_counts(cell: Cell, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Those that make sense for the cell's layout, tubelets, tubes and mask; may be none."""
    return tuple(frames for frames in range(1, most + 1) if makes_sense(cell, frames))


def makes_sense(cell: Cell, frames: int) -> bool:
    try:
        check_variant(cell.spec, cell.recipe, replace(cell.load, frames=frames), cell.runtime)
    except UsageError:
        return False
    return True
