"""A training whose weights exist already gives the same record as one that runs."""

from pathlib import Path

import torch

from tests.accuracy.training.made import stage, training_cell, written_benchmark
from vbench_mem.accuracy.training.last_stage import train_last_stage
from vbench_mem.accuracy.training.trained import beside


def test_existing_weights_are_evaluated_with_the_threads_of_their_cell(tmp_path: Path) -> None:
    cell, checkpoint = training_cell(stage(steps=1)), tmp_path / "a.safetensors"
    files = [written_benchmark(tmp_path)]
    first = train_last_stage(cell, files, parent=None, checkpoint=checkpoint)
    snapshot = beside(checkpoint, "snapshot")
    snapshot.write_bytes(b"of a process that was killed just before it was removed")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)  # as another process would have found it
        assert train_last_stage(cell, files, parent=None, checkpoint=checkpoint) == first
        assert torch.get_num_threads() == cell.runtime.threads == 1
    finally:
        torch.set_num_threads(before)
    assert not snapshot.exists()
