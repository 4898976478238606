"""A matrix with a section of accuracy, as text and resolved."""

from pathlib import Path

from tests.rows import matrix_of
from vbench_mem.matrix.accuracy import Accuracy
from vbench_mem.matrix.load import Matrix

AXES = """
about: what does it retrieve?
axes:
  variant: [joint_test, joint_test+mask75, factorized_test, frame_mean_test, frame_attpool_test]
  frames: [4, 8]
  batch: 2
"""
STAGES = """
  stages:
    - {name: image, frames: 1, steps: 6, batch: 8}
    - {name: video, steps: 4, batch: 4}
"""
ACCURACY = f"""
accuracy:
  where: {{frames: 4}}
  seeds: [0, 7]
  train: [spatial, temporal]
{STAGES}"""


def accuracy_of(folder: Path, text: str = ACCURACY, axes: str = AXES) -> tuple[Matrix, Accuracy]:
    matrix = matrix_of(folder, axes + text)
    assert matrix.accuracy is not None
    return matrix, matrix.accuracy
