"""One run on fake tensors as plain data: memory by event and module, and FLOPs. No torch."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vbench_mem.probes.timeline import TEMPORARY, PhaseSpan, Timeline

LAYER = re.compile(r"\.\d+(?=\.|$)")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A steady step, or an embedding, with all that ran before it.

    steady          number of the steady step; 0 for an embedding
    owner_modules   by block, the module that made it, or whose weight it belongs to
    active_modules  by event of the timeline, the module that was running
    tags            by category, the blocks that are known to belong to it
    flops           by (number of the phase, module)
    kernels         blocks that are workspaces of a kernel
    host            blocks that an optimiser keeps on the host, on every device
    attention       names of the attention kernels
    operations      names of all operations
    multiplying     the numbers of the phases that multiply matrices by cuBLAS
    convolves       is there a convolution that cuDNN may give a large workspace?
    """

    timeline: Timeline
    steady: int
    owner_modules: dict[int, str]
    active_modules: list[str]
    tags: dict[str, set[int]]
    flops: Counter[tuple[int, str]]
    kernels: frozenset[int] = frozenset()
    host: frozenset[int] = frozenset()
    attention: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    multiplying: frozenset[int] = frozenset()
    convolves: bool = False

    def spans(self) -> list[PhaseSpan]:
        return self.timeline.of_step(self.steady)

    def modules_of(self, held: Mapping[int, int]) -> dict[str, dict[str, int]]:
        """Bytes by module and category; the layers of a stack share a path."""
        category = self.timeline.categories(self.tags, self.spans())
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for block, size in held.items():
            path = LAYER.sub(".*", self.owner_modules.get(block, ""))
            found[path][category.get(block, TEMPORARY)] += size
        return {path: dict(sorted(found[path].items())) for path in sorted(found)}

    def multiplies_in(self, phases: Iterable[str]) -> bool:
        """Does any phase of these names multiply matrices?"""
        return any(self.timeline.marks[at][0] in phases for at in self.multiplying)

    def flop_of(self, spans: Iterable[PhaseSpan]) -> int:
        """FLOPs of all modules in these spans."""
        chosen, marks = {(span.phase, span.step) for span in spans}, self.timeline.marks
        return sum(flop for (at, _), flop in self.flops.items() if marks[at][:2] in chosen)


def allocated_before_step(
    timeline: Timeline, active_modules: list[str], blocks: set[int], *, step: int
) -> tuple[Timeline, list[str]]:
    """As if these blocks had been allocated before the step: the optimiser makes its state in the
    first step, and every later step begins with it."""
    marks = [index for index, mark in enumerate(timeline.marks) if mark[1] == step]
    if not marks or not blocks:
        return timeline, active_modules
    start = timeline.marks[marks[0]][2]
    events = list(zip(timeline.blocks, timeline.changes, active_modules, strict=True))
    early = [event for event in events[start:] if event[0] in blocks]
    moved: list[int] = [0]  # by event, how many of them lie before it
    for block, _, _ in events[start:]:
        moved.append(moved[-1] + (block in blocks))
    rest = [event for event in events[start:] if event[0] not in blocks]
    reordered = [*events[:start], *early, *rest]
    result = Timeline(
        blocks=[block for block, _, _ in reordered],
        changes=[change for _, change, _ in reordered],
        live=timeline.live,
        marks=[
            (phase, number, at if at < start else at + len(early) - moved[at - start])
            for phase, number, at in timeline.marks
        ],
    )
    return result, [path for _, _, path in reordered]
