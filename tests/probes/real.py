"""Runs a user's program with every storage tracked."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from vbench_mem.probes.storages import StorageTracker

S = TypeVar("S")


def run(build: Callable[[], S], step: Callable[[S], object], steps: int = 2) -> tuple[int, int]:
    """The peak of the last step, and what is held after it."""
    gc.freeze()  # what is there before is not looked through, neither now nor between any two steps
    try:
        torch.manual_seed(0)
        with StorageTracker() as tracker:
            state = build()
            for number in range(1, steps + 1):
                gc.collect()
                tracker.timeline.begin("step", number)
                step(state)
            gc.collect()
    finally:
        gc.unfreeze()
    timeline = tracker.timeline
    return timeline.peak(*timeline.of_step(steps)).bytes, timeline.levels()[-1]
