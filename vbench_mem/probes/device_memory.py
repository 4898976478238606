"""A trace as a device's own counter shows it: live tensors on a CPU, an allocator on a card.

On a card cuBLAS keeps its workspaces, and optimiser state that stays on the host does not count.
"""

from collections.abc import Set
from dataclasses import dataclass

from vbench_mem.probes.allocator import replay
from vbench_mem.probes.prediction import Target
from vbench_mem.probes.timeline import Moment, PhaseSpan, Timeline
from vbench_mem.probes.trace import Trace

# What cuBLAS allocates once for each thread that multiplies, and keeps:
# `train_step.WORKSPACE` fixes it at 8 buffers of 4 MiB. Forward runs in one thread, backward in
# another; cublasLt shares theirs. Source: ATen/cuda/CublasHandlePool.cpp of PyTorch 2.13.
WORKSPACE_BYTES = 8 * 4 * 2**20
WORKSPACES = -1, -2  # blocks of their own, of forward's and of backward's thread
# What driver, context and loaded kernels take of a card before the first tensor. Assumed, not
# measured: it differs by card and driver, and a run on the card measures the true one.
CONTEXT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class DeviceMemory:
    """Memory of one device over a timeline. Units: bytes.

    levels    the counter after 0, 1, 2 ... events
    reserved  the peak that the caching allocator held; None on a cpu, which has none
    """

    timeline: Timeline
    levels: list[int]
    reserved: int | None = None

    def peak(self, *spans: PhaseSpan) -> Moment:
        """The first moment with the most bytes."""
        return self.timeline.peak(*spans, levels=self.levels)


def step_memory(trace: Trace, target: Target) -> DeviceMemory:
    """Of the whole trace without the embedding, which a training does not run."""
    if target == "cpu":
        return DeviceMemory(trace.timeline, trace.timeline.levels())
    embedding = trace.timeline.of_step(0) if trace.steady else []
    used = {block for span in embedding for block in trace.timeline.blocks[span.start : span.stop]}
    skipped = used.difference(trace.timeline.live, *trace.tags.values())
    return cuda_memory(trace, skipped | trace.host, trace.spans())


def embedding_memory(trace: Trace, target: Target) -> DeviceMemory:
    """Up to the end of the embedding."""
    spans = trace.timeline.of_step(0)
    if target == "cpu" or not spans:
        return DeviceMemory(trace.timeline, trace.timeline.levels())
    return cuda_memory(trace, trace.host, spans, until=spans[-1].stop)


def cuda_memory(
    trace: Trace, skipped: Set[int], spans: list[PhaseSpan], until: int | None = None
) -> DeviceMemory:
    """Without the skipped blocks, and with the workspaces of the phases in `spans`."""
    timeline = Timeline()
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
                # allocated in the first step, so present from the start of a steady one
                for block in WORKSPACES if backward else WORKSPACES[:1]:
                    timeline.hold(block, WORKSPACE_BYTES)
        if at < len(events) and events[at][0] not in skipped:
            block, change = events[at]
            timeline.blocks.append(block)
            timeline.changes.append(change)
    replayed = replay(timeline.blocks, timeline.changes)
    return DeviceMemory(timeline, replayed.allocated, max(replayed.reserved))
