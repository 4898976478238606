"""The memory of a step as torch's profiler sees it: allocations of real tensors on the CPU.

The profiler is no dispatch mode, so that autograd and composite operations run as for users.
"""

from collections.abc import Callable
from typing import Any

from torch.profiler import ProfilerActivity, profile


def profiled_peak(build: Callable[[], Any], step: Callable[[Any], object]) -> int:
    """Bytes by which the third step exceeds what was allocated before it."""
    state = build()
    for _ in range(2):
        step(state)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step(state)
    events = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
    memory = sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns())
    level = most = 0
    for event in memory:
        level += event.nbytes()
        most = max(most, level)
    return most
