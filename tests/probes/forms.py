"""Programs with an optimiser, and the comparison of a prediction with the program when run."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tests.probes import real
from tests.probes.models import vectors
from vbench_mem.probes.any_step import predict_step

Build = Callable[[], Any]
Step = Callable[[Any], object]
WIDTH = 64


def same(build: Build, step: Step) -> None:
    found = predict_step(build, step)
    assert (found.peak_bytes, found.steady_bytes) == real.run(build, step)


def train(state: tuple[nn.Module, torch.optim.Optimizer, Tensor]) -> None:
    model, optimizer, x = state
    dtype = next(model.parameters()).dtype
    model(x.to(dtype)).float().square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def with_adam(make: Callable[[], nn.Module], batch: Build = vectors) -> Build:
    def build() -> Any:
        model = make()
        return model, torch.optim.AdamW(model.parameters(), foreach=True), batch()

    return build
