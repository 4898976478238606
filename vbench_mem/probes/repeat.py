"""Extends a trace of a few layers to the full depth: the layers of a stack are alike. No torch.

Exact, not estimated: each copy of a layer allocates and releases in the order in which the full
depth would. Raises `LayersDiffer` where the trace shows that layers are not alike.
Check: equals the full trace, for every encoder of the table and every recipe.
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from vbench_mem.probes.timeline import PhaseSpan, Timeline
from vbench_mem.probes.trace import Trace

Event = tuple[int, int]  # a block, and by how many bytes it changes


class LayersDiffer(Exception):
    """The layers do not allocate and release memory in the same way; trace them all."""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Layer `layer` of the stack at `path` is copied `copies` times."""

    path: str
    layer: int
    copies: int


def repeat(trace: Trace, repeats: Sequence[Repeat]) -> Trace:
    """The trace with every stack at its full depth; raises `LayersDiffer`."""
    for each in repeats:
        if each.copies:
            trace = LayerCopier(trace, each).result()
    return trace


class LayerCopier:
    """Copies one layer. Copy 0 is the layer itself, next to the layer below; the last copy is next
    to the layer above."""

    def __init__(self, trace: Trace, repeats: Repeat) -> None:
        self.trace, self.layer, self.last = trace, repeats.layer, repeats.copies
        self.pattern = re.compile(re.escape(repeats.path) + r"\.(\d+)(?:\.|$)")
        places = {path: self.layer_of(path) for path in set(trace.active_modules)}
        self.event_layers = [places[path] for path in trace.active_modules]
        self.owner_layers = {
            block: self.layer_of(path) for block, path in trace.owner_modules.items()
        }
        self.events = list(zip(trace.timeline.blocks, trace.timeline.changes, strict=True))
        self.ids: dict[tuple[int, int], int] = {}
        self.next = max(trace.timeline.blocks, default=0) + 1
        self.above = self.pairs(self.layer + 1, self.layer - 1)
        self.below = self.pairs(self.layer - 1, self.layer + 1)
        self.blocks: list[int] = []
        self.changes: list[int] = []
        self.active_modules: list[str] = []

    def pairs(self, neighbour: int, other: int) -> dict[int, int]:
        """Blocks of a neighbour that the layer changes -> the layer's own blocks that its other
        neighbour changes in the same way, in the order of the events."""
        theirs = self.events_at(self.layer, neighbour)
        ours = self.events_at(other, self.layer)
        if [change for _, change in theirs] != [change for _, change in ours]:
            raise LayersDiffer
        return {block: own for (block, _), (own, _) in zip(theirs, ours, strict=True)}

    def events_at(self, at_layer: int, owner: int) -> list[Event]:
        return [
            event
            for event, place in zip(self.events, self.event_layers, strict=True)
            if place == at_layer and self.owner_layers.get(event[0]) == owner
        ]

    def result(self) -> Trace:
        own = self.trace.timeline
        timeline, judged = Timeline(), [*own.of_step(0), *self.trace.spans()]
        for span in self.trace.timeline.spans():
            timeline.marks.append((span.phase, span.step, len(self.blocks)))
            if span in judged:
                self.copy_layer_runs(span, descending=span.phase == "backward")
            else:  # only what is live at its end matters
                self.copy_other_events(span.start, span.stop)
        timeline.blocks, timeline.changes = self.blocks, self.changes
        timeline.live = Counter()
        for block, change in zip(self.blocks, self.changes, strict=True):
            timeline.live[block] += change
            if timeline.live[block] < 0:
                raise LayersDiffer
        timeline.live = {block: size for block, size in timeline.live.items() if size}
        self.check(timeline)
        return replace(
            self.trace,
            timeline=timeline,
            owner_modules=self.trace.owner_modules
            | {new: self.trace.owner_modules[old] for (old, _), new in self.ids.items()},
            active_modules=self.active_modules,
            tags={name: self.with_copies(blocks) for name, blocks in self.trace.tags.items()},
            flops=self.flops(),
            kernels=frozenset(self.with_copies(self.trace.kernels)),
            host=frozenset(self.with_copies(self.trace.host)),
        )

    def copy_layer_runs(self, span: PhaseSpan, *, descending: bool) -> None:
        """The layer's events of the phase, repeated for each copy in the order of the phase."""
        run = [
            event
            for event in range(span.start, span.stop)
            if self.event_layers[event] == self.layer
        ]
        if not run:
            return self.copy_other_events(span.start, span.stop)
        if run[-1] - run[0] != len(run) - 1:
            raise LayersDiffer  # the layer ran twice, so the order of its copies is unknown
        self.copy_other_events(span.start, run[0])
        for copy in range(self.last, -1, -1) if descending else range(self.last + 1):
            for event in run:
                self.emit(event, self.in_copy(self.events[event][0], copy))
        self.copy_other_events(run[-1] + 1, span.stop)

    def copy_other_events(self, start: int, stop: int) -> None:
        """Events while another module runs: of one copy if that is a neighbour, else of all.

        In a row of such events all of a copy's come before those of the next, as when weights are
        made and lists are released: the order matters to the allocator.
        """
        at = start
        while at < stop:
            end = at
            while end < stop and self.concerns_every_copy(end):
                end += 1
            for copy in range(self.last + 1):
                for event in range(at, end):
                    self.emit(event, self.id_of(self.events[event][0], copy))
            if end < stop:
                self.emit_once(end)
            at = end + 1

    def concerns_every_copy(self, event: int) -> bool:
        at_layer, owner = self.event_layers[event], self.owner_layers.get(self.events[event][0])
        return owner == self.layer and at_layer not in (self.layer - 1, self.layer + 1)

    def in_copy(self, block: int, copy: int) -> int:
        """The block that a copy of the layer changes where the layer changes `block`."""
        owner = self.owner_layers.get(block)
        if owner == self.layer:
            return self.id_of(block, copy)
        if owner == self.layer - 1:
            return block if copy == 0 else self.id_of(self.below[block], copy - 1)
        if owner == self.layer + 1:
            return block if copy == self.last else self.id_of(self.above[block], copy + 1)
        raise LayersDiffer

    def emit_once(self, event: int) -> None:
        block, at_layer = self.events[event][0], self.event_layers[event]
        ours = self.owner_layers.get(block) == self.layer
        self.emit(event, self.id_of(block, self.last if ours and at_layer == self.layer + 1 else 0))

    def emit(self, event: int, block: int) -> None:
        self.blocks.append(block)
        self.changes.append(self.events[event][1])
        self.active_modules.append(self.trace.active_modules[event])

    def id_of(self, block: int, copy: int) -> int:
        if copy == 0:
            return block
        if (block, copy) not in self.ids:
            self.ids[block, copy] = self.next
            self.next += 1
        return self.ids[block, copy]

    def with_copies(self, blocks: Set[int]) -> set[int]:
        return {*blocks, *(new for (old, _), new in self.ids.items() if old in blocks)}

    def layer_of(self, path: str) -> int | None:
        found = self.pattern.match(path)
        return int(found[1]) if found else None

    def flops(self) -> Counter[tuple[int, str]]:
        """FLOPs by phase and module, the layer's multiplied by its copies."""
        return Counter(
            {
                (phase, path): flop * (1 + self.last * (self.layer_of(path) == self.layer))
                for (phase, path), flop in self.trace.flops.items()
            }
        )

    def check(self, timeline: Timeline) -> None:
        """Raises `LayersDiffer` unless each copy holds as much at the end as the layer."""
        own = sum(
            size
            for block, size in self.trace.timeline.live.items()
            if self.owner_layers.get(block) == self.layer
        )
        if sum(timeline.changes) != sum(self.trace.timeline.changes) + self.last * own:
            raise LayersDiffer
