"""A trace as a device's own counter would show it: live tensors on a CPU, an allocator on a card.

On a card every size is rounded to whole blocks, cuBLAS keeps its workspaces, and what the optimiser
leaves on the host does not count. No torch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vbench_mem.probes.allocator import replay
from vbench_mem.probes.prediction import Target
from vbench_mem.probes.timeline import Moment, Span, Timeline
from vbench_mem.probes.trace import Trace

# What cuBLAS borrows through the allocator once for each thread that multiplies, and keeps:
# `train_step.WORKSPACE` fixes it at 8 buffers of 4 MiB. Forward runs in one thread, backward in
# another; cublasLt shares theirs. Source: ATen/cuda/CublasHandlePool.cpp of PyTorch 2.13.
WORKSPACE_BYTES = 8 * 4 * 2**20
WORKSPACES = -1, -2  # blocks of their own, of forward's and of backward's thread
# What driver, context and loaded kernels take of a card before the first tensor. Assumed, not
# measured: it differs by card and driver, and a run on the card measures the true one.
CONTEXT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Counted:
    """`levels` are the counter's after 0, 1, 2 ... events of the timeline; `reserved` the most that
    the allocator held of the card, where there is one."""

    timeline: Timeline
    levels: list[int]
    reserved: int | None = None

    def peak(self, *spans: Span) -> Moment:
        """The first moment with the most bytes."""
        return self.timeline.peak(*spans, levels=self.levels)


def count_step(trace: Trace, target: Target) -> Counted:
    """Everything but the embedding, which a training does without."""
    if target == "cpu":
        return Counted(trace.timeline, trace.timeline.levels())
    embedding = trace.timeline.of_step(0) if trace.steady else []
    skipped = {
        block for span in embedding for block in trace.timeline.blocks[span.start : span.stop]
    } - trace.timeline.live.keys()
    skipped -= {block for blocks in trace.tags.values() for block in blocks}
    return on_card(trace, skipped | trace.host, trace.spans())


def count_embedding(trace: Trace, target: Target) -> Counted:
    """Up to the end of the embedding."""
    spans = trace.timeline.of_step(0)
    if target == "cpu" or not spans:
        return Counted(trace.timeline, trace.timeline.levels())
    return on_card(trace, trace.host, spans, until=spans[-1].stop)


def on_card(
    trace: Trace, skipped: Iterable[int], spans: list[Span], until: int | None = None
) -> Counted:
    """Without the skipped blocks, and with the workspaces of the phases in `spans`."""
    timeline, left_out = Timeline(), set(skipped)
    multiplies = bool(trace.flops)
    marks = dict[int, list[tuple[str, int]]]()
    for phase, step, at in trace.timeline.marks:
        marks.setdefault(at, []).append((phase, step))
    events = list(zip(trace.timeline.blocks, trace.timeline.changes, strict=True))[:until]
    backward = any(span.phase == "backward" for span in spans)
    for at in range(len(events) + 1):
        for phase, step in marks.get(at, ()):
            timeline.begin(phase, step)
            if multiplies and spans and (phase, step) == (spans[0].phase, spans[0].step):
                # the threads' own from the first step on, so there from the start of a steady one
                for block in WORKSPACES if backward else WORKSPACES[:1]:
                    timeline.hold(block, WORKSPACE_BYTES)
        if at < len(events) and events[at][0] not in left_out:
            block, change = events[at]
            timeline.blocks.append(block)
            timeline.changes.append(change)
    replayed = replay(timeline.blocks, timeline.changes)
    return Counted(timeline, replayed.allocated, max(replayed.reserved))
