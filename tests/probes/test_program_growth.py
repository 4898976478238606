"""Memory that grows from step to step, and what threads of a program allocate."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.probes.forms import train, with_adam
from tests.probes.models import mlp
from vbench_mem.probes.any_step import predict_step


def keeping(kept: list[Tensor]) -> Callable[[Any], None]:
    def step(state: Any) -> None:
        model, _, x = state
        kept.append(model(x))

    return step


def test_memory_that_grows_is_said_in_bytes_and_with_the_module() -> None:
    with pytest.warns(UserWarning, match="memory grows by .* bytes from one step to the next"):
        found = predict_step(with_adam(mlp), keeping([]))
    kept = 32 * 64 + 32 * 256 * 2 + 32 * 64  # what the graph of one step holds, but for the norm
    assert found.growth_bytes is not None and found.growth_bytes >= 4 * kept
    with pytest.warns(UserWarning):
        assert predict_step(with_adam(mlp), keeping([]), steps=5).growth_bytes == found.growth_bytes


def test_steady_programs_and_gathered_gradients_do_not_grow() -> None:
    def every_second(state: Any) -> None:
        model, optimizer, x = state[:3]
        model(x).sum().backward()
        state[3].append(0)
        if len(state[3]) % 2 == 0:
            optimizer.step()
            optimizer.zero_grad()

    assert predict_step(with_adam(mlp), train).growth_bytes == 0
    for steps in (4, 5):
        assert (
            predict_step(lambda: (*with_adam(mlp)(), []), every_second, steps=steps).growth_bytes
            == 0
        )
    assert predict_step(with_adam(mlp), train, steps=1).growth_bytes is None


def alone(state: Any) -> None:
    model, x = state
    made = model(x * 2).relu()
    made.sum().backward()
    model.zero_grad()


def in_a_thread(state: Any) -> None:
    model, x = state
    made: list[Tensor] = []
    thread = threading.Thread(target=lambda: made.append(model(x * 2).relu()))
    thread.start()
    thread.join()
    made[0].sum().backward()
    model.zero_grad()


def in_a_pool(state: Any) -> None:
    model, x = state
    with ThreadPoolExecutor(2) as pool:
        made = pool.submit(lambda: model(x * 2).relu()).result()
    made.sum().backward()
    model.zero_grad()


@pytest.mark.parametrize("threaded", [in_a_thread, in_a_pool])
def test_what_a_thread_allocates_is_seen(threaded: Callable[[Any], None]) -> None:
    def build() -> Any:
        return nn.Linear(64, 64), torch.randn(256, 64)

    assert predict_step(build, threaded).peak_bytes == predict_step(build, alone).peak_bytes


def test_batches_that_a_thread_prepares_ahead_are_seen() -> None:
    def step(model: nn.Module) -> None:
        ready: Queue[Tensor | None] = Queue(1)

        def work() -> None:
            for _ in range(4):
                ready.put(torch.randn(256, 64))
            ready.put(None)

        thread = threading.Thread(target=work)
        thread.start()
        while (x := ready.get()) is not None:
            model(x).sum().backward()
        thread.join()
        model.zero_grad()

    found = predict_step(lambda: nn.Linear(64, 64), step)
    assert found.peak_bytes >= 2 * 4 * 256 * 64 + 2 * 4 * 65 * 64
