"""A record of allocations and releases, and what follows from it. No torch.

A block is a number that is never used twice, so that its category (weight, gradient) can be
assigned later: when a gradient is allocated it is not yet known to be one.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate

# In this order: a block in two sets (a buffer that is also an input) counts for the first.
CATEGORIES = ("parameter", "gradient", "optimizer", "input", "activation", "temporary")
TEMPORARY = CATEGORIES[-1]  # of a block that has no category


@dataclass(frozen=True)
class PhaseSpan:
    """Events `start` to `stop` (excluded), while one phase of one step was running."""

    phase: str
    step: int
    start: int
    stop: int


@dataclass(frozen=True)
class Moment:
    """The state after `events` events. Units: bytes."""

    events: int
    bytes: int


@dataclass
class Timeline:
    """Blocks by number; `live` is what each holds now."""

    blocks: list[int] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    live: dict[int, int] = field(default_factory=dict)
    marks: list[tuple[str, int, int]] = field(default_factory=list)

    def begin(self, phase: str, step: int = 0) -> None:
        """Later events belong to this phase, until the next one begins."""
        self.marks.append((phase, step, len(self.blocks)))

    def hold(self, block: int, size: int) -> None:
        """The block has `size` bytes from now on: a new one, a resized one, or as before."""
        change = size - self.live.get(block, 0)
        if change:
            self.live[block] = size
            self.blocks.append(block)
            self.changes.append(change)

    def release(self, block: int) -> None:
        size = self.live.pop(block, 0)
        if size:
            self.blocks.append(block)
            self.changes.append(-size)

    def forget_last(self, block: int) -> None:
        """As if the last event, the allocation of this block, had not been."""
        assert self.blocks.pop() == block, "another block was allocated last"
        self.live[block] -= self.changes.pop()
        del self.live[block]

    def enlarge(self, block: int, more: int) -> None:
        """As if the block had been so much larger since its last event."""
        events = range(len(self.blocks) - 1, -1, -1)
        self.changes[next(at for at in events if self.blocks[at] == block)] += more
        self.live[block] += more

    def spans(self) -> list[PhaseSpan]:
        ends = [start for _, _, start in self.marks[1:]] + [len(self.blocks)]
        return [
            PhaseSpan(phase, step, start, stop)
            for (phase, step, start), stop in zip(self.marks, ends, strict=True)
        ]

    def levels(self) -> list[int]:
        """Bytes held after 0, 1, 2 ... events."""
        return list(accumulate(self.changes, initial=0))

    def peak(self, *spans: PhaseSpan, levels: Sequence[int] | None = None) -> Moment:
        """The first moment with the most bytes held; a span begins with what was held before it.

        `levels` are the bytes after each event by another counter, instead of `self.levels()`.
        """
        levels = self.levels() if levels is None else levels
        moments = (at for span in spans for at in range(span.start, span.stop + 1))
        events = max(moments, key=lambda at: (levels[at], -at))
        return Moment(events, levels[events])

    def held_at(self, events: int) -> dict[int, int]:
        """The blocks that are live after so many events, and their bytes."""
        held: dict[int, int] = {}
        for block, change in zip(self.blocks[:events], self.changes[:events], strict=True):
            held[block] = held.get(block, 0) + change
            if not held[block]:
                del held[block]
        return held

    def kept(self, span: PhaseSpan) -> set[int]:
        """Blocks allocated in a span that outlive it: of a forward, what backward needs."""
        before = set(self.blocks[: span.start])
        return self.held_at(span.stop).keys() - before

    def of_step(self, step: int) -> list[PhaseSpan]:
        """The spans of one training step; of step 0 the embedding alone."""
        return [
            span for span in self.spans() if span.step == step and (step or span.phase == "embed")
        ]

    def categories(
        self, tags: Mapping[str, Set[int]], spans: Iterable[PhaseSpan]
    ) -> dict[int, str]:
        """By block: the first of its categories, if it has any.

        tags   the blocks of each known category
        spans  of one step: activations are the blocks that its forwards keep for backward
        """
        kept = (self.kept(span) for span in spans if span.phase == "forward")
        blocks = {**tags, "activation": set[int]().union(*kept)}
        found: dict[int, str] = {}
        for name in reversed(CATEGORIES):
            found |= dict.fromkeys(blocks.get(name, ()), name)
        return found


def summed(sizes: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Bytes by category; every category is a key."""
    total = dict.fromkeys(CATEGORIES, 0)
    for category, size in sizes:
        total[category] += size
    return total
