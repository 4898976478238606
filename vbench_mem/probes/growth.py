"""Memory that grows from step to step, which no peak of one step can tell."""

import warnings
from collections import Counter
from itertools import accumulate

from vbench_mem.probes.timeline import Timeline
from vbench_mem.probes.trace import Trace

GROWS = (
    "memory grows by {size:,} bytes from one step to the next, most of it made in {where}: the "
    "program keeps tensors of each step, such as losses with their graph in a list; keep numbers "
    "(loss.item()), or give `steps` so that the last is like all later ones"
)


def ends_of_steps(timeline: Timeline) -> list[int]:
    """After how many events each step is over, with what is released until the next begins."""
    first: dict[int, int] = {}
    for _, step, at in timeline.marks:
        first.setdefault(step, at)
    starts = [first[step] for step in sorted(first) if step > 1]
    return [*starts, len(timeline.blocks)] if 1 in first else []


def growth(trace: Trace) -> int | None:
    """Bytes by which the tensors that are held after the last step exceed those after every earlier
    one; None for one step. Those on the host do not count.

    Of every earlier one, since gradients that are gathered over several steps come and go.
    """
    timeline = trace.timeline
    events = zip(timeline.blocks, timeline.changes, strict=True)
    changes = (0 if block in trace.host else change for block, change in events)
    levels = list(accumulate(changes, initial=0))
    *earlier, last = [levels[at] for at in ends_of_steps(timeline)] or [0]
    return max(0, last - max(earlier)) if earlier else None


def warn_of_growth(trace: Trace, size: int | None) -> None:
    """Tell the user which module made most of it."""
    if not size:
        return
    *_, before, end = ends_of_steps(trace.timeline)
    kept = trace.timeline.held_at(before)
    made: Counter[str] = Counter()
    for block, held in trace.timeline.held_at(end).items():
        if block not in kept:
            made[trace.owner_modules.get(block, "")] += held
    where = made.most_common(1)[0][0] if made else ""
    place = f"the module `{where}`" if where else "the step itself"
    warnings.warn(GROWS.format(size=size, where=place), stacklevel=3)
