"""A prediction held against what a burst of this machine measures."""

import torch

from vbench_mem.encoders.build import build
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import noise
from vbench_mem.probes.memory import memory_pass
from vbench_mem.probes.memory_metrics import summarise
from vbench_mem.probes.predict import CPU
from vbench_mem.probes.prediction import Prediction
from vbench_mem.probes.readers import StorageReader
from vbench_mem.probes.train_step import Trainer


def measure(cell: Cell) -> tuple[dict[str, int | float | None], dict[str, int]]:
    """What a burst measures on this machine, by metric, and the peak by category."""
    torch.manual_seed(0)
    reader = StorageReader("cpu")
    ready = memory_pass(
        reader,
        lambda _: None,
        lambda: Trainer(build(cell.spec, cell.recipe, cell.load, cell.runtime), cell, CPU),
        lambda: noise(cell, CPU),
        train=cell.load.mode == "train",
    )
    return summarise(reader.phases(), ready.steady).metrics, reader.categories(ready.steady)


def check_equal(predicted: Prediction, cell: Cell) -> None:
    measured, categories = measure(cell)
    assert predicted.peak_bytes == measured["peak_alloc_bytes"]
    assert predicted.build_bytes == measured["build_bytes"]
    assert predicted.embed_peak_bytes == measured["embed_peak_bytes"]
    for phase in ("forward", "backward", "optimizer"):
        assert predicted.phases.get(phase) == measured.get(f"{phase}_peak_bytes"), phase
    # float() of the loss is held by nobody; between two steps there is nothing else
    assert predicted.steady_bytes == measured["steady_bytes"]
    assert predicted.categories == categories
