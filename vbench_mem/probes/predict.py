"""The memory and FLOPs of a cell's training step, without a device: the burst's own code on tensors
that hold nothing, followed from birth to death.

Predicts the steady step of the same trainer, loss and optimiser that a burst runs; never a compiled
one, whose kernels allocate out of sight. Check: equals the measured peak of a cpu to the byte.
"""

from functools import partial
from typing import Any

import torch

from vbench_mem.cell import Cell
from vbench_mem.encoders.build import build
from vbench_mem.errors import Unsupported
from vbench_mem.prediction import Prediction, Target
from vbench_mem.probes.batch import Batch, noise
from vbench_mem.probes.fake import FakeTracker, pretending
from vbench_mem.probes.readers import Followed
from vbench_mem.probes.repeat import NotAlike, repeat
from vbench_mem.probes.shorten import shorten
from vbench_mem.probes.sites import Sites
from vbench_mem.probes.trace import Trace, born_before, totals
from vbench_mem.probes.train_step import Trainer

CPU = torch.device("cpu")


def predict(cell: Cell, target: Target, *, whole: bool = False) -> Prediction:
    """What the cell's step needs on this kind of device.

    Raises `Unsupported` for a compiled cell and `UsageError` for one that makes no sense.
    """
    if cell.runtime.compile:
        raise Unsupported("a compiled step is not predicted: its kernels allocate out of sight")
    return summarise(follow_cell(cell, whole=whole), target)


class FakeReader(Followed):
    """Storages of fake tensors, with the module each belongs to."""

    method = "storages followed (fake tensors)"
    warm_up = False

    def __init__(self, tracker: FakeTracker) -> None:
        super().__init__(tracker)
        self.fake = tracker

    def begin(self, phase: str, step: int = 0) -> None:
        super().begin(phase, step)
        self.fake.updating = phase == "optimizer"
        if self.trainer is not None and phase in ("optimizer", "between"):
            self.settle()

    def know(self, trainer: Trainer, batch: Batch) -> None:
        super().know(trainer, batch)
        for name, weight in [*trainer.encoder.named_parameters(), *trainer.encoder.named_buffers()]:
            self.fake.homes[self.fake.block_of(weight)] = name.rpartition(".")[0]

    def settle(self) -> None:
        """Gradients and optimiser state live where their weight does."""
        assert self.trainer is not None
        homes, block_of = self.fake.homes, self.fake.block_of
        for weight in self.trainer.weights:
            own = homes[block_of(weight)]
            if weight.grad is not None:
                homes[block_of(weight.grad)] = own
            for value in self.trainer.optimizer.state[weight].values():
                if isinstance(value, torch.Tensor):
                    homes[block_of(value)] = own

    def phases(self) -> list[Any]:
        raise NotImplementedError


def follow_cell(cell: Cell, *, whole: bool = False) -> Trace:
    """The trace of a steady step; of `whole` layer after layer, else of few and repeated."""
    short, repeats = (cell, ()) if whole else shorten(cell)
    try:
        return repeat(follow(short), repeats)
    except NotAlike:
        return follow(cell)


def follow(cell: Cell) -> Trace:
    """Run a burst's embedding and its steady step on tensors that hold nothing."""
    train = cell.load.mode == "train"
    with torch.device("meta"):  # there the random starts of weights cost nothing
        encoder = build(cell.spec, cell.recipe, cell.load, cell.runtime)
    with pretending(), Sites() as sites:
        tracker = FakeTracker(sites)
        reader = FakeReader(tracker)
        sites.know(encoder)
        with reader:
            reader.begin("build")
            trainer = Trainer(encoder.to_empty(device="cpu"), cell, CPU)
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
    timeline, whereabouts = born_before(tracker.timeline, tracker.whereabouts, state, step=1)
    return Trace(
        timeline=timeline,
        steady=1 if train else 0,
        homes=tracker.homes,
        whereabouts=whereabouts,
        tags=dict(tracker.tags),
        flops=tracker.flops,
        attention=tuple(sorted(tracker.attention)),
        operations=tuple(sorted(map(str, tracker.met))),
    )


def summarise(trace: Trace, target: Target) -> Prediction:
    timeline = trace.timeline
    levels, spans, peak = timeline.levels(), timeline.spans(), trace.peak()
    step = trace.spans()
    embed = [span for span in spans if span.phase == "embed"]
    phases = {
        span.phase: max(levels[span.start : span.stop + 1])
        for span in [*embed, *step]
        if span.phase != "between"
    }
    modules = trace.modules_at(peak)
    return Prediction(
        target=target,
        peak_bytes=peak.bytes,
        peak_phase=max(step, key=lambda span: max(levels[span.start : span.stop + 1])).phase,
        build_bytes=levels[next(span.stop for span in spans if span.phase == "build")],
        steady_bytes=levels[-1],
        embed_peak_bytes=phases.get("embed"),
        phases=phases,
        categories=totals(modules),
        modules=modules,
        terms={"tensors": peak.bytes},
        attention=trace.attention,
        flop=trace.flop_of(step),
        embed_flop=trace.flop_of(embed),
    )
