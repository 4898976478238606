"""The time pass: warm-up, then steps timed one by one. Nothing else looks on while it runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

import torch
from torch import Tensor

from vbench_mem.probes.batch import Batch
from vbench_mem.probes.energy import EnergyWindow
from vbench_mem.probes.feed import Cost, Fed


class Clock(Protocol):
    """Laps of the device, one after another."""

    method: str

    def begin(self) -> None: ...
    def end(self) -> None: ...
    def wait(self) -> None: ...
    def laps_ms(self) -> list[float]: ...


class HostClock:
    """For a device that is done when a call returns."""

    method = "perf_counter"

    def __init__(self) -> None:
        self.laps: list[float] = []
        self.start = 0.0

    def begin(self) -> None:
        self.start = perf_counter()

    def end(self) -> None:
        self.laps.append(1000 * (perf_counter() - self.start))

    def wait(self) -> None:
        """Nothing is under way."""

    def laps_ms(self) -> list[float]:
        return self.laps


class DeviceClock:
    """Events in the device's own queue: the host's delays count only where the device waits."""

    method = "CUDA events"

    def __init__(self) -> None:
        self.events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def begin(self) -> None:
        pair = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        self.events.append(pair)
        pair[0].record()

    def end(self) -> None:
        self.events[-1][1].record()

    def wait(self) -> None:
        torch.cuda.synchronize()

    def laps_ms(self) -> list[float]:
        self.wait()
        return [start.elapsed_time(end) for start, end in self.events]


@dataclass
class Timed:
    """Times of the counted steps, in order. `energy` is joules per clip, or why there is none."""

    step_ms: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    wall_s: float = 0.0
    losses: list[float] = field(default_factory=list)
    first_step_s: float = 0.0
    energy: tuple[float | None, str | None] = (None, None)
    energy_steps: int = 0
    energy_s: float = 0.0


def time_pass(
    step: Callable[[Batch], Tensor | None],
    feed: Iterator[Fed],
    clock: Clock,
    window: EnergyWindow,
    *,
    warmup: int,
    steps: int,
) -> Timed:
    """`step` returns its loss, still on the device, or None for an embedding.

    A feed that decodes takes turns with the device, so that their times can be told apart.
    """
    timed, losses = Timed(), []
    for number in range(warmup):
        start = perf_counter()
        losses.append(step(next(feed).batch))
        clock.wait()
        if not number:
            timed.first_step_s = perf_counter() - start
    window.begin()
    start = perf_counter()
    for _ in range(steps):
        fed = next(feed)
        clock.begin()
        losses.append(step(fed.batch))
        clock.end()
        if fed.cost is not None:
            clock.wait()
            timed.costs.append(fed.cost)
    clock.wait()
    timed.wall_s = perf_counter() - start
    timed.energy_steps = steps
    # the last batch again and no loss kept: how many steps a second holds is the device's affair,
    # and neither losses nor counts of clips may depend on it
    while window.too_short():
        step(fed.batch)
        clock.wait()
        timed.energy_steps += 1
    clips = timed.energy_steps * len(fed.batch.ids_BL)
    timed.energy, timed.energy_s = window.end(clips), window.seconds
    timed.step_ms = clock.laps_ms()
    timed.losses = [float(loss) for loss in losses if loss is not None]
    return timed
