"""Hand-made matrices, records and scores for the tests of what comes out."""

from pathlib import Path
from typing import Any

from vbench_mem.cell import Cell
from vbench_mem.join import Joined, join
from vbench_mem.machine.environment import Environment
from vbench_mem.matrix.load import Matrix, load_matrix
from vbench_mem.record import Failure, Record, Status
from vbench_mem.scores.score import Score

GIB = 2**30
MACHINE = Environment(
    fingerprint="0123abcd",
    device="a card",
    facts={"gpu_memory_bytes": 16 * GIB, "host_memory_bytes": 64 * GIB, "git_dirty": None},
    packages={"torch": "9.9"},
)
TEXT = """
about: does masking pay?
axes:
  encoder: [joint_test, frame_mean_test]
  recipe: [full, mask75]
  frames: [4, 8]
  batch: 2
"""


def matrix_of(folder: Path, text: str = TEXT, name: str = "small") -> Matrix:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return load_matrix(path)


def pick(matrix: Matrix, label: str) -> Cell:
    (cell,) = [cell for cell in matrix.cells if matrix.label(cell) == label]
    return cell


def ok(cell: Cell, peak: int | None = 3 * GIB, **metrics: Any) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.OK,
        metrics={"peak_alloc_bytes": peak, **metrics},
        environment=MACHINE,
        wall_s=1.5,
    )


def oom(cell: Cell, asked: int = 3 * GIB, **failure: Any) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.OOM,
        reason=f"device out of memory in backward, {asked / GIB:.2f} GiB asked",
        failure=Failure(phase="backward", where="device", bytes_asked=asked, **failure),
        metrics={"params": 7},
        environment=MACHINE,
    )


def pruned(cell: Cell, by: Cell) -> Record:
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.SKIPPED,
        reason=f"out of memory already with frames={by.load.frames} batch={by.load.batch}",
        pruned_by=by.id,
        environment=MACHINE,
    )


def spared(cell: Cell, needed: int = 95 * GIB, limit: int = 16 * GIB) -> Record:
    """Predicted not to fit, and so not tried."""
    return Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.SKIPPED,
        reason=f"predicted: {needed / GIB:.2f} GiB does not fit {limit / GIB:.2f} GiB of a card",
        failure=Failure(phase="backward", where="device", bytes_limit=limit),
        predicted_bytes=needed,
        metrics={"predicted_peak_bytes": needed},
        environment=MACHINE,
    )


def score(variant: str = "joint_test", value: float = 0.4, **fields: Any) -> Score:
    known = {
        "size": "test",
        "frames": 4,
        "mask_ratio": 0.0,
        "dataset": "msr-vtt",
        "direction": "t2v",
        "metric": "recall_at_1",
        "protocol": "zero-shot",
        "origin": "imported",
        "source": "somebody's run",
    }
    return Score(variant=variant, value=value, **(known | fields))


def joined_of(matrix: Matrix, *records: Record, scores: tuple[Score, ...] = ()) -> Joined:
    return join(matrix, {record.cell_id: record for record in records}, scores)
