"""The memory and FLOPs of a cell's training step, without a device: the burst's own code runs on
fake tensors, and every allocation and release is recorded.

Predicts the steady step of the same trainer, loss and optimiser that a burst runs; never a compiled
one, whose allocations cannot be seen. Check: equals the measured peak of a cpu to the byte.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import torch
from torch._guards import active_fake_mode

from vbench_mem.base.errors import Unsupported
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import noise
from vbench_mem.probes.cuda_rules import CudaRules, cuda_autocast
from vbench_mem.probes.data_born import fake_at_birth
from vbench_mem.probes.device_memory import CONTEXT_BYTES, embedding_memory, step_memory
from vbench_mem.probes.fake import FakeTracker, fake_tensors
from vbench_mem.probes.fake_encoder import as_traced, encoder_maker
from vbench_mem.probes.growth import growth
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.prediction import Prediction, Target
from vbench_mem.probes.program_forms import module_forms
from vbench_mem.probes.quick import CPU, QuickMode
from vbench_mem.probes.repeat import LayersDiffer, repeat
from vbench_mem.probes.shorten import shorten
from vbench_mem.probes.tensor_tagger import TensorTagger
from vbench_mem.probes.timeline import summed
from vbench_mem.probes.trace import Trace, allocated_before_step
from vbench_mem.probes.train_step import Trainer

# Kernels that choose the size of their workspace at run time; it is in no prediction.
UNSEEN: dict[Target, tuple[str, ...]] = {
    "cpu": ("convolution", "mkldnn_rnn"),
    "cuda": ("convolution", "cudnn", "mkldnn_rnn"),  # the last stands for cuDNN's there
}


def predict(cell: Cell, target: Target, *, whole: bool = False) -> Prediction:
    """The memory and FLOPs of the cell's step on this kind of device.

    whole  trace every layer, instead of a few that are repeated

    Raises `Unsupported` for a compiled cell and for a kernel that the device lacks, and
    `UsageError` for a cell that cannot be built.
    """
    kernel, dtype = cell.runtime.attention, cell.runtime.dtype
    if cell.runtime.compile:
        raise Unsupported("a compiled step is not predicted: its allocations cannot be seen")
    if target == "cpu" and kernel in ("efficient", "cudnn"):
        raise Unsupported(f"attention {kernel} is a CUDA kernel; a cpu has flash, math")
    ours = not isinstance(cell.spec, Custom)  # a user's code chooses its own kernels
    if ours and target == "cuda" and kernel in ("flash", "cudnn") and dtype == "float32":
        raise Unsupported(f"attention {kernel} cannot run {dtype} on a CUDA device")
    short, repeats = (cell, ()) if whole else shorten(cell)
    try:
        trace = repeat(trace_once(short, target), repeats)
    except LayersDiffer:
        trace = trace_once(cell, target)
    return summarise(trace, target)


def trace_once(cell: Cell, target: Target) -> Trace:
    """Run a burst's embedding and its steady step once on fake tensors."""
    train, cuda = cell.load.mode == "train", target == "cuda"
    make = encoder_maker(as_traced(cell))
    own = isinstance(cell.spec, Custom)
    with (
        fake_tensors(None if own else QuickMode()),
        users_forms() if own else nullcontext(),
        cuda_autocast() if cuda else nullcontext(),
        ModuleTracker() as modules,
    ):
        tracker = FakeTracker(modules, CudaRules(cell.runtime.attention) if cuda else None)
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


def summarise(trace: Trace, target: Target) -> Prediction:
    """As the device's own counter would show the steady step and the embedding."""
    step, embedding = step_memory(trace, target), embedding_memory(trace, target)
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
        reserved_bytes=step.reserved,
        context_bytes=None if target == "cpu" else CONTEXT_BYTES,
        process_bytes=None if step.reserved is None else step.reserved + CONTEXT_BYTES,
        attention=trace.attention,
        flop=trace.flop_of(trace.spans()),
        embed_flop=trace.flop_of(trace.timeline.of_step(0)),
        growth_bytes=growth(trace),
        unseen=unseen(trace, target),
    )


def unseen(trace: Trace, target: Target) -> tuple[str, ...]:
    """Operations of the trace that may take more memory than is predicted."""
    names = sorted({*trace.operations, *trace.attention})
    return tuple(name for name in names if any(part in name for part in UNSEEN[target]))
