"""One small run with every kind of row: ok, out of memory, skipped, skipped, missing, no number."""

from pathlib import Path

import pytest

from tests.rows import GIB, joined_of, matrix_of, ok, oom, pick, pruned, score
from vbench_mem.analysis.join import Joined
from vbench_mem.running.record import Record

TEXT = """
about: does <masking> pay?
axes:
  encoder: [joint_test, frame_mean_test]
  recipe: [full, mask75]
  frames: [4, 8, 16]
  batch: 2
  embed_dim: 64
skip:
  - when: {encoder: frame_mean_test, recipe: mask75, frames: 16}
    reason: not asked
budgets:
  - {metric: peak_alloc_bytes, where: {recipe: mask75}, max_ratio: 0.6, to: {recipe: full}}
"""


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    matrix = matrix_of(tmp_path, TEXT)

    def row(label: str, gib: float, ms: float) -> Record:
        cell = pick(matrix, label)
        numbers = {"step_ms": ms, "clips_per_s": 2000 / ms, "params": 1_234_567, "mfu": None}
        record = ok(cell, int(gib * GIB), **numbers)
        return record.model_copy(update={"missing": {"mfu": "no peak is known"}})

    middle = pick(matrix, "frame_mean_test frames=8")
    records = [
        row("joint_test frames=4", 2.0, 40.0),
        row("joint_test frames=8", 4.0, 80.5),
        row("joint_test frames=16", 8.0, 200.0),
        row("joint_test+mask75 frames=4", 1.0, 10.0),
        row("joint_test+mask75 frames=8", 1.5, 20.0),
        row("frame_mean_test frames=4", 3.0, 50.0),
        oom(middle, bytes_limit=16 * GIB),
        pruned(pick(matrix, "frame_mean_test frames=16"), middle),
    ]
    scores = (
        score(value=0.40, origin="measured", source="here"),
        score(value=0.42, frames=8, origin="measured", source="here"),
        score(value=0.39, mask_ratio=0.75, origin="measured", source="here"),
        score("frame_mean_test", 0.30, origin="measured", source="here"),
        score("frame_mean_test", 0.31, frames=8, origin="measured", source="here"),
        score(value=0.50, origin="published", source="a <paper>"),
        score("external:Other", 0.60, origin="published", source="another paper"),
    )
    return joined_of(matrix, *records, scores=scores)
