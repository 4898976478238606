"""The memory and FLOPs of a cell's training step, without a device: the burst's own code runs on
fake tensors, and every allocation and release is recorded.

Predicts the steady step of the same trainer, loss and optimiser that a burst runs; never a compiled
one, whose allocations cannot be seen. Check: equals the measured peak of a cpu to the byte.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch._guards import active_fake_mode

from vbench_mem.base.errors import Unsupported
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.allocator_options import DEFAULT, AllocatorOptions
from vbench_mem.probes.batch import noise
from vbench_mem.probes.cuda.attention import CudaRules
from vbench_mem.probes.cuda.device import CudaDevice, cuda_device
from vbench_mem.probes.cuda.dispatch import dispatched_as_on
from vbench_mem.probes.data_born import fake_at_birth
from vbench_mem.probes.device_memory import (
    DeviceMemory,
    convolution_band,
    embedding_memory,
    step_memory,
)
from vbench_mem.probes.fake import FakeTracker
from vbench_mem.probes.fake_encoder import as_traced, encoder_maker
from vbench_mem.probes.fake_mode import fake_tensors
from vbench_mem.probes.growth import growth
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.prediction import Hardware, Prediction, Target
from vbench_mem.probes.program_forms import module_forms
from vbench_mem.probes.quick import CPU, QuickMode
from vbench_mem.probes.repeat import LayersDiffer, repeat
from vbench_mem.probes.shorten import shorten
from vbench_mem.probes.tensor_tagger import TensorTagger
from vbench_mem.probes.timeline import summed
from vbench_mem.probes.trace import Trace, allocated_before_step
from vbench_mem.probes.train_step import WORKSPACE, Trainer

# Kernels that choose the size of their workspace at run time; it is in no prediction.
UNSEEN: dict[Target, tuple[str, ...]] = {
    "cpu": ("convolution", "mkldnn_rnn"),
    "cuda": ("convolution", "cudnn", "mkldnn_rnn"),  # the last stands for cuDNN's there
}


def predict(cell: Cell, hardware: Hardware, *, whole: bool = False) -> Prediction:
    """The memory and FLOPs of the cell's step on a cpu or a card.

    whole  trace every layer, instead of a few that are repeated

    Raises `Unsupported` for a compiled cell and for a kernel that the device lacks, and
    `UsageError` for a cell that cannot be built.
    """
    kernel, dtype = cell.runtime.attention, cell.runtime.dtype
    device = device_of(hardware, WORKSPACE)
    if cell.runtime.compile:
        raise Unsupported("a compiled step is not predicted: its allocations cannot be seen")
    if device is None and kernel in ("efficient", "cudnn"):
        raise Unsupported(f"attention {kernel} is a CUDA kernel; a cpu has flash, math")
    ours = not isinstance(cell.spec, Custom)  # a user's code chooses its own kernels
    if ours and device is not None and kernel in ("flash", "cudnn") and dtype == "float32":
        raise Unsupported(f"attention {kernel} cannot run {dtype} on a CUDA device")
    short, repeats = (cell, ()) if whole else shorten(cell)
    try:
        trace = repeat(trace_once(short, device), repeats)
    except LayersDiffer:
        trace = trace_once(cell, device)
    return summarise(trace, device)


def device_of(
    hardware: Hardware, workspace: str | None = None, options: AllocatorOptions = DEFAULT
) -> CudaDevice | None:
    """The CUDA device, with the card's own cuBLAS workspace or a configured one; None is a cpu."""
    if hardware == "cpu":
        return None
    return cuda_device(None if hardware == "cuda" else hardware, workspace, options)


def trace_once(cell: Cell, device: CudaDevice | None) -> Trace:
    """Run a burst's embedding and its steady step once on fake tensors; None is a cpu."""
    train = cell.load.mode == "train"
    make = encoder_maker(as_traced(cell))
    own = isinstance(cell.spec, Custom)
    rules = None if device is None else CudaRules(cell.runtime.attention, device.chip)
    with (
        fake_tensors(None if own else QuickMode()),
        users_forms() if own else nullcontext(),
        dispatched_as_on(rules) as replaced,
        ModuleTracker() as modules,
    ):
        tracker = FakeTracker(modules, rules, replaced)
        tagger = TensorTagger(tracker)

        def begin(phase: str, step: int = 0) -> None:
            tracker.updating = phase == "optimizer"
            if phase in ("optimizer", "between"):
                tagger.update()
            tracker.timeline.begin(phase, step)

        with tracker:
            begin("build")
            trainer = Trainer(make(), cell, CPU)
            begin("batch")
            batch = noise(cell, CPU)
            tagger.register((trainer.encoder, trainer.optimizer, batch))
            begin("embed")
            trainer.embed(batch)
            begin("between")
            if train:
                trainer.scaler.scale(torch.zeros(()))  # allocates the scaler's own tensors
                trainer.step(batch, partial(begin, step=1))
    state = tracker.tags["optimizer"]
    timeline, active_modules = allocated_before_step(
        tracker.timeline, tracker.active_modules, state, step=1
    )
    return tracker.to_trace(timeline, active_modules, 1 if train else 0, tagger.host)


@contextmanager
def users_forms() -> Iterator[None]:
    """Within it, an encoder may be built as users build theirs."""
    mode = active_fake_mode()
    assert mode is not None
    with module_forms(), fake_at_birth(partial(mode.from_tensor, static_shapes=True)):
        yield


def summarise(trace: Trace, device: CudaDevice | None) -> Prediction:
    """As the device's own counter would show the steady step and the embedding; None is a cpu."""
    step, embedding = step_memory(trace, device), embedding_memory(trace, device)
    target: Target = "cpu" if device is None else "cuda"
    spans = step.timeline.of_step(trace.steady)
    embed = embedding.timeline.of_step(0)
    peak = step.peak(*spans)
    held = step.timeline.held_at(peak.events)
    rounding = peak.bytes - sum(held.values())
    modules = trace.modules_of({block: size for block, size in held.items() if block >= 0})
    workspaces = sum(size for block, size in held.items() if block < 0)
    outside = {"(workspaces)": workspaces, "(rounding)": rounding}
    modules |= {name: {"temporary": size} for name, size in outside.items() if size}
    phases = {span.phase: embedding.peak(span).bytes for span in embed}
    for span in spans:  # a step may have several forwards and backwards
        if span.phase != "between":
            phases[span.phase] = max(phases.get(span.phase, 0), step.peak(span).bytes)
    kernels = sum(size for block, size in held.items() if block in trace.kernels)
    build = next(span.stop for span in step.timeline.spans() if span.phase == "build")
    return Prediction(
        target=target,
        peak_bytes=peak.bytes,
        peak_phase=max(spans, key=lambda span: step.peak(span).bytes).phase,
        build_bytes=step.levels[build],
        steady_bytes=step.levels[-1],
        embed_peak_bytes=phases.get("embed"),
        phases=phases,
        categories=summed(part for module in modules.values() for part in module.items()),
        modules=modules,
        terms={
            "tensors": peak.bytes - kernels - workspaces - rounding,
            "kernels": kernels,
            "workspaces": workspaces,
            "rounding": rounding,
        },
        **process(trace, device, step),
        attention=trace.attention,
        flop=trace.flop_of(trace.spans()),
        embed_flop=trace.flop_of(trace.timeline.of_step(0)),
        growth_bytes=growth(trace),
        unseen=unseen(trace, target),
    )


def process(trace: Trace, device: CudaDevice | None, memory: DeviceMemory) -> dict[str, Any]:
    """What the whole process takes of a card, by the names of `Prediction`."""
    reserved, allocated = memory.reserved, memory.levels
    if device is None or reserved is None:
        return {}
    context, band = device.context.most_bytes, convolution_band(trace, device, reserved)
    return {
        "card": device.name,
        "reserved_bytes": reserved,
        "fragmentation_bytes": reserved - max(allocated),
        "context_bytes": context,
        "band_bytes": band,
        "process_bytes": reserved + context + band,
        "assumed": device.assumed,
    }


def unseen(trace: Trace, target: Target) -> tuple[str, ...]:
    """Operations of the trace that may take more memory than is predicted."""
    names = sorted({*trace.operations, *trace.attention})
    return tuple(name for name in names if any(part in name for part in UNSEEN[target]))
