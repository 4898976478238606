"""A made-up run with trainings: all that a claim asks for, three seeds, two benchmarks."""

from collections.abc import Callable
from pathlib import Path

from tests.rows import GIB, joined_of, matrix_of, ok, result, trained
from vbench_mem.analysis.join import Joined
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record

ACCURACY = """
about: what does it cost, and what does it retrieve?
axes:
  variant: [{variants}]
  frames: 8
  batch: 2
accuracy:
  seeds: [{seeds}]
  train: [spatial, temporal]
  stages:
    - {{name: image, frames: 1, steps: 60, batch: 8}}
    - {{name: video, steps: 200, warmup: 5, batch: 4}}
"""
# of each variant: GiB of a step, and T2V R@1 where order matters and where it does not
MADE = {
    "joint_test": (3.0, 0.80, 0.70),
    "joint_test+mask75": (1.0, 0.79, 0.68),
    "joint_test+adapter64": (2.2, 0.50, 0.55),
    "joint_test+lora8": (2.1, 0.45, 0.50),
    "joint_test+last4": (1.2, 0.60, 0.62),
    "joint_test_coarse_time": (1.6, 0.40, 0.70),
    "factorized_test": (4.0, 0.75, 0.69),
    "factorized_test+mask75": (1.5, 0.55, 0.60),
    "frame_mean_test": (5.0, 0.21, 0.72),
    "frame_mean_test+mask75": (1.7, 0.20, 0.50),
    "frame_attpool_test": (5.1, 0.23, 0.71),
}
Recall = Callable[[str, int], float]  # of a variant and a seed


def temporal(variant: str, seed: int) -> float:
    return MADE[variant][1] + 0.01 * (seed - 1)


def spatial(variant: str, seed: int) -> float:
    return MADE[variant][2] + 0.015 * (seed - 1) * (-1) ** len(variant)


def trained_matrix(
    folder: Path, variants: tuple[str, ...] = tuple(MADE), seeds: str = "0, 1, 2"
) -> Matrix:
    return matrix_of(folder, ACCURACY.format(variants=", ".join(variants), seeds=seeds), "trained")


def training_record(cell: Cell, recall: Recall = temporal, other: Recall = spatial) -> Record:
    """Of an accuracy cell: `recall` where order decides, `other` where it does not."""
    assert cell.training is not None
    seed = cell.training.seed
    return trained(
        cell,
        result(recall(cell.variant, seed)),
        result(other(cell.variant, seed), "generated-spatial", ceilings=[]),
    )


def records_of(matrix: Matrix, recall: Recall = temporal, other: Recall = spatial) -> list[Record]:
    """Every burst, stage and training of the matrix."""
    assert matrix.accuracy is not None
    bursts = [ok(cell, int(MADE[cell.variant][0] * GIB), step_ms=40.0) for cell in matrix.cells]
    stages = [trained(stage) for stage in matrix.accuracy.stages]
    last = [training_record(cell, recall, other) for cell in matrix.accuracy.cells]
    return [*bursts, *stages, *last]


def trained_rows(
    folder: Path, variants: tuple[str, ...] = tuple(MADE), recall: Recall = temporal
) -> Joined:
    matrix = trained_matrix(folder, variants)
    return joined_of(matrix, *records_of(matrix, recall))
