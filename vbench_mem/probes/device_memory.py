"""A trace as a device's own counter shows it: live tensors on a CPU, an allocator on a card.

On a card cuBLAS keeps its workspaces, and optimiser state that stays on the host does not count.
"""

from collections.abc import Set
from dataclasses import dataclass

from vbench_mem.probes.cuda.device import CudaDevice
from vbench_mem.probes.replay import replay
from vbench_mem.probes.timeline import Moment, PhaseSpan, Timeline
from vbench_mem.probes.trace import Trace

# cuBLAS keeps a workspace for each thread that multiplies: forward runs in one thread and backward
# in another. Blocks of their own.
FORWARD_WORKSPACE, BACKWARD_WORKSPACE = -1, -2
# Of all that is reserved, what cuDNN's convolutions took beyond it on cards where it was measured.
# Its choice of algorithms cannot be read from sources. See docs/validation.md.
CONVOLUTION_BAND = {(8, 6): 0.23, (8, 9): 0.23}
CONVOLUTION_BAND_ELSEWHERE = 0.39


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


def step_memory(trace: Trace, device: CudaDevice | None) -> DeviceMemory:
    """Of the whole trace without the embedding, which a training does not run; None is a cpu."""
    if device is None:
        return DeviceMemory(trace.timeline, trace.timeline.levels())
    embedding = trace.timeline.of_step(0) if trace.steady else []
    used = {block for span in embedding for block in trace.timeline.blocks[span.start : span.stop]}
    skipped = used.difference(trace.timeline.live, *trace.tags.values())
    return cuda_memory(trace, device, skipped | trace.host, trace.spans())


def embedding_memory(trace: Trace, device: CudaDevice | None) -> DeviceMemory:
    """Up to the end of the embedding."""
    spans = trace.timeline.of_step(0)
    if device is None or not spans:
        return DeviceMemory(trace.timeline, trace.timeline.levels())
    return cuda_memory(trace, device, trace.host, spans, until=spans[-1].stop)


def cuda_memory(
    trace: Trace,
    device: CudaDevice,
    skipped: Set[int],
    spans: list[PhaseSpan],
    until: int | None = None,
) -> DeviceMemory:
    """Without the skipped blocks, and with the workspaces of the phases in `spans`."""
    timeline = Timeline()
    workspaces = blas_workspaces(trace, spans)
    marks = dict[int, list[tuple[str, int]]]()
    for phase, step, at in trace.timeline.marks:
        marks.setdefault(at, []).append((phase, step))
    events = list(zip(trace.timeline.blocks, trace.timeline.changes, strict=True))[:until]
    for at in range(len(events) + 1):
        for phase, step in marks.get(at, ()):
            timeline.begin(phase, step)
            if spans and (phase, step) == (spans[0].phase, spans[0].step):
                # allocated in the first step, so present from the start of a steady one
                for block in workspaces:
                    timeline.hold(block, device.workspace_bytes)
        if at < len(events) and events[at][0] not in skipped:
            block, change = events[at]
            timeline.blocks.append(block)
            timeline.changes.append(change)
    replayed = replay(timeline.blocks, timeline.changes, options=device.allocator)
    return DeviceMemory(timeline, replayed.allocated, max(replayed.reserved))


def blas_workspaces(trace: Trace, spans: list[PhaseSpan]) -> list[int]:
    """The workspaces of the threads that multiply in these phases."""
    phases = {span.phase for span in spans}
    found = []
    if trace.multiplies_in(phases - {"backward"}):
        found.append(FORWARD_WORKSPACE)
    if trace.multiplies_in(phases & {"backward"}):
        found.append(BACKWARD_WORKSPACE)
    return found


def convolution_band(trace: Trace, device: CudaDevice, reserved: int) -> int:
    """What convolutions may take beyond what is reserved for tensors. Units: bytes."""
    if not trace.convolves:
        return 0
    return int(reserved * CONVOLUTION_BAND.get(device.chip.capability, CONVOLUTION_BAND_ELSEWHERE))
