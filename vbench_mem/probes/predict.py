"""The memory and FLOPs of a cell's training step, without a device: the burst's own code on tensors
that hold nothing, followed from birth to death.

Predicts the steady step of the same trainer, loss and optimiser that a burst runs; never a compiled
one, whose kernels allocate out of sight. Check: equals the measured peak of a cpu to the byte.
"""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import torch

from vbench_mem.base.errors import Unsupported
from vbench_mem.base.load import Kernel
from vbench_mem.encoders.custom import Custom
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import Batch, noise
from vbench_mem.probes.counted import CONTEXT_BYTES, count_embedding, count_step
from vbench_mem.probes.cuda_rules import CudaRules, cuda_autocast
from vbench_mem.probes.fake import FakeTracker, pretending
from vbench_mem.probes.prediction import Prediction, Target
from vbench_mem.probes.quick import QuickMode
from vbench_mem.probes.readers import Followed
from vbench_mem.probes.repeat import NotAlike, repeat
from vbench_mem.probes.shorten import shorten
from vbench_mem.probes.sites import Sites
from vbench_mem.probes.trace import Trace, born_before, totals
from vbench_mem.probes.train_step import Trainer
from vbench_mem.probes.weightless import weightless

CPU = torch.device("cpu")
# Kernels that choose for themselves how much memory they borrow, and do not tell.
UNSEEN: dict[Target, tuple[str, ...]] = {
    "cpu": ("convolution", "mkldnn_rnn"),
    "cuda": ("convolution", "cudnn", "mkldnn_rnn"),  # the last stands for cuDNN's there
}


def predict(cell: Cell, target: Target, *, whole: bool = False) -> Prediction:
    """What the cell's step needs on this kind of device.

    Raises `Unsupported` for a compiled cell and for a kernel that the device has not, and
    `UsageError` for a cell that makes no sense.
    """
    asked, dtype = cell.runtime.attention, cell.runtime.dtype
    if cell.runtime.compile:
        raise Unsupported("a compiled step is not predicted: its kernels allocate out of sight")
    if target == "cpu" and asked in ("efficient", "cudnn"):
        raise Unsupported(f"attention {asked} is a CUDA kernel; a cpu has flash, math")
    ours = not isinstance(cell.spec, Custom)  # a user's code itself says what it asks for
    if ours and target == "cuda" and asked in ("flash", "cudnn") and dtype == "float32":
        raise Unsupported(f"attention {asked} cannot run {dtype} on a CUDA device")
    return summarise(follow_cell(cell, target, whole=whole), target)


class FakeReader(Followed):
    """Storages of fake tensors, with the module each belongs to."""

    def __init__(self, tracker: FakeTracker) -> None:
        super().__init__(tracker)
        self.fake = tracker
        self.host: set[int] = set()

    def begin(self, phase: str, step: int = 0) -> None:
        super().begin(phase, step)
        self.fake.updating = phase == "optimizer"
        if self.trainer is not None and phase in ("optimizer", "between"):
            self.settle()

    def know(self, trainer: Trainer, batch: Batch) -> None:
        super().know(trainer, batch)
        for name, weight in [*trainer.encoder.named_parameters(), *trainer.encoder.named_buffers()]:
            self.fake.owner_modules[self.fake.block_of(weight)] = name.rpartition(".")[0]

    def settle(self) -> None:
        """Gradients and optimiser state live where their weight does."""
        assert self.trainer is not None
        owner_modules, block_of = self.fake.owner_modules, self.fake.block_of
        for weight in self.trainer.weights:
            own = owner_modules[block_of(weight)]
            if weight.grad is not None:
                owner_modules[block_of(weight.grad)] = own
            for name, value in self.trainer.optimizer.state.get(weight, {}).items():
                if isinstance(value, torch.Tensor):
                    owner_modules[block_of(value)] = own
                    if name == "step" and not self.trainer.optimizer.defaults["fused"]:
                        self.host.add(block_of(value))  # a count, asked for in every step


def follow_cell(cell: Cell, target: Target, *, whole: bool = False) -> Trace:
    """The trace of a steady step; of `whole` layer after layer, else of few and repeated."""
    short, repeats = (cell, ()) if whole else shorten(cell)
    try:
        return repeat(follow(short, target), repeats)
    except NotAlike:
        return follow(cell, target)


def follow(cell: Cell, target: Target) -> Trace:
    """Run a burst's embedding and its steady step on tensors that hold nothing."""
    train, cuda = cell.load.mode == "train", target == "cuda"
    make = weightless(as_traced(cell))
    mode = None if isinstance(cell.spec, Custom) else QuickMode()
    with pretending(mode), cuda_autocast() if cuda else nullcontext(), Sites() as sites:
        tracker = FakeTracker(sites, CudaRules(cell.runtime.attention) if cuda else None)
        reader = FakeReader(tracker)
        with reader:
            reader.begin("build")
            encoder = make()
            sites.know(encoder)
            trainer = Trainer(encoder, cell, CPU)
            reader.begin("batch")
            batch = noise(cell, CPU)
            reader.know(trainer, batch)
            reader.begin("embed")
            trainer.embed(batch)
            reader.begin("between")
            if train:
                trainer.scaler.scale(torch.zeros(()))  # makes what the scaler keeps
                trainer.step(batch, partial(reader.begin, step=1))
    state = tracker.tags["optimizer"]
    timeline, active_modules = born_before(tracker.timeline, tracker.active_modules, state, step=1)
    return tracker.written(timeline, active_modules, 1 if train else 0, reader.host)


def as_traced(cell: Cell) -> Cell:
    """With a kernel that the traced device has; which one a card takes instead, its rules know."""
    kernel: Kernel = "math" if cell.runtime.attention == "math" else "auto"
    return replace(cell, runtime=replace(cell.runtime, attention=kernel))


def summarise(trace: Trace, target: Target) -> Prediction:
    """As the device's own counter would show the steady step and the embedding."""
    step, embedding = count_step(trace, target), count_embedding(trace, target)
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
    for span in spans:  # some programs go forward and backward twice in a step
        if span.phase != "between":
            phases[span.phase] = max(phases.get(span.phase, 0), step.peak(span).bytes)
    kernels = sum(size for block, size in held.items() if block in trace.kernels)
    context = None if target == "cpu" else CONTEXT_BYTES
    build = next(span.stop for span in step.timeline.spans() if span.phase == "build")
    return Prediction(
        target=target,
        peak_bytes=peak.bytes,
        peak_phase=max(spans, key=lambda span: step.peak(span).bytes).phase,
        build_bytes=step.levels[build],
        steady_bytes=step.levels[-1],
        embed_peak_bytes=phases.get("embed"),
        phases=phases,
        categories=totals(modules),
        modules=modules,
        terms={
            "tensors": peak.bytes - kernels - workspaces - rounding,
            "kernels": kernels,
            "workspaces": workspaces,
            "rounding": rounding,
        },
        reserved_bytes=step.reserved,
        context_bytes=context,
        process_bytes=None if step.reserved is None else step.reserved + CONTEXT_BYTES,
        attention=trace.attention,
        flop=trace.flop_of(trace.spans()),
        embed_flop=trace.flop_of(trace.timeline.of_step(0)),
        unseen=unseen(trace, target),
    )


def unseen(trace: Trace, target: Target) -> tuple[str, ...]:
    """What was met and may take more than is known here."""
    return tuple(
        sorted(
            name
            for name in {*trace.operations, *trace.attention}
            if any(part in name for part in UNSEEN[target])
        )
    )
