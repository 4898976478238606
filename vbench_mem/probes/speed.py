"""The time pass: warm-up, then steps timed one by one, without any tracking."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from vbench_mem.probes.batch import Batch
from vbench_mem.probes.energy import EnergyWindow
from vbench_mem.probes.feed import InputCost, TimedBatch


class HostClock:
    """For a device whose calls return when they are done."""

    method = "perf_counter"

    def __init__(self) -> None:
        self.laps: list[float] = []
        self.start = 0.0

    def begin(self) -> None:
        self.start = perf_counter()

    def end(self) -> None:
        self.laps.append(1000 * (perf_counter() - self.start))

    def wait(self) -> None:
        """No call is pending."""

    def laps_ms(self) -> list[float]:
        return self.laps


class DeviceClock:
    """Events in the device's own queue: delays of the host count only where the device waits."""

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
class TimedSteps:
    """Times of the timed steps, in order. `energy` is joules per clip, or None and the reason."""

    step_ms: list[float] = field(default_factory=list)
    costs: list[InputCost] = field(default_factory=list)
    wall_s: float = 0.0
    losses: list[float] = field(default_factory=list)
    first_step_s: float = 0.0
    energy: tuple[float | None, str | None] = (None, None)
    energy_steps: int = 0
    energy_s: float = 0.0


def time_pass(
    step: Callable[[Batch], Tensor | None],
    feed: Iterator[TimedBatch],
    clock: HostClock | DeviceClock,
    window: EnergyWindow,
    *,
    warmup: int,
    steps: int,
) -> TimedSteps:
    """`step` returns its loss, still on the device, or None for an embedding.

    Decoding and the device take turns, so that their times can be measured separately.
    """
    timed, losses = TimedSteps(), []
    for number in range(warmup):
        start = perf_counter()
        losses.append(step(next(feed).batch))
        clock.wait()
        if not number:
            timed.first_step_s = perf_counter() - start
    window.begin()
    start = perf_counter()
    for _ in range(steps):
        timed_batch = next(feed)
        clock.begin()
        losses.append(step(timed_batch.batch))
        clock.end()
        if timed_batch.cost is not None:
            clock.wait()
            timed.costs.append(timed_batch.cost)
    clock.wait()
    timed.wall_s = perf_counter() - start
    timed.energy_steps = steps
    # repeats the last batch and keeps no loss: the number of these steps depends on the device's
    # speed, and neither losses nor counts of clips may depend on it
    while window.too_short():
        step(timed_batch.batch)
        clock.wait()
        timed.energy_steps += 1
    clips = timed.energy_steps * len(timed_batch.batch.ids_BL)
    timed.energy, timed.energy_s = window.end(clips), window.seconds
    timed.step_ms = clock.laps_ms()
    timed.losses = [float(loss) for loss in losses if loss is not None]
    return timed
