"""Prediction against what a card measures; needs one."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from vbench_mem.base.load import Runtime
from vbench_mem.matrix.cell import Cell
from vbench_mem.matrix.load import load_matrix
from vbench_mem.probes.burst import run_burst

MATRIX = Path(__file__).parents[2] / "matrices" / "gpu_check.yaml"
MEDIAN, WORST = 0.02, 0.05

pytestmark = pytest.mark.gpu


def errors(cells: list[Cell]) -> dict[str, float]:
    found = {}
    for cell in cells:
        metrics = run_burst(cell, lambda _: None).metrics
        predicted, measured = metrics["predicted_peak_bytes"], metrics["peak_alloc_bytes"]
        assert predicted is not None and measured is not None
        found[f"{cell.variant} {cell.runtime}"] = predicted / measured - 1
    return found


def test_the_allocated_peak_of_real_sizes_is_predicted_within_its_target() -> None:
    """Those of gpu_check.yaml that are large enough for a percentage to mean something."""
    cells = [
        cell
        for cell in load_matrix(MATRIX).cells
        if "b16" in cell.encoder and cell.runtime.attention == "auto"
    ]
    found = errors(cells)
    assert median(map(abs, found.values())) <= MEDIAN, found
    assert max(map(abs, found.values())) <= WORST, found


@pytest.mark.parametrize("attention", ["flash", "efficient", "math"])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_each_kernel_and_recomputation_is_predicted_within_its_target(
    make_cell: Callable[..., Cell], attention: str, checkpoint: bool
) -> None:
    runtime = Runtime(device="cuda", dtype="bfloat16", attention=attention, checkpoint=checkpoint)
    cell = make_cell("joint_b16", runtime=runtime, frames=16, batch=2)
    found = errors([cell])
    assert max(map(abs, found.values())) <= WORST, found
