"""A burst's parts on a tiny encoder: small enough to run many times."""

from collections.abc import Callable

import pytest
import torch

from vbench_mem.base.load import Runtime
from vbench_mem.encoders.build import build
from vbench_mem.matrix.cell import Cell, Protocol
from vbench_mem.probes.batch import Batch, noise
from vbench_mem.probes.train_step import Trainer

CPU = torch.device("cpu")


@pytest.fixture
def small_cell(make_cell: Callable[..., Cell]) -> Callable[..., Cell]:
    """A cell of one thread; keywords of the runtime are taken out of those of the load."""

    def make(encoder: str = "joint_test", recipe: str = "full", **fields: object) -> Cell:
        runtime = {name: fields.pop(name) for name in list(fields) if name in RUNTIME}
        given = {"device": "cpu", "threads": 1} | runtime
        return make_cell(
            encoder,
            recipe,
            Runtime(**given),
            Protocol(warmup=1, steps=2, timeout_s=60.0),
            **fields,
        )

    return make


RUNTIME = ("device", "dtype", "attention", "checkpoint", "compile", "optimizer", "threads")


@pytest.fixture
def make_trainer() -> Callable[[Cell], Trainer]:
    def make(cell: Cell) -> Trainer:
        torch.manual_seed(cell.protocol.seed)
        return Trainer(build(cell.spec, cell.recipe, cell.load, cell.runtime), cell, CPU)

    return make


@pytest.fixture
def make_batch() -> Callable[[Cell], Batch]:
    return lambda cell: noise(cell, CPU)
