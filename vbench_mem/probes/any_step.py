"""The memory of anybody's training step, predicted without running it; for unit tests.

Never allocates what the step would: modules, optimisers and batches are made of fake tensors.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from torch._guards import active_fake_mode

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.probes.copies import deep_copies
from vbench_mem.probes.cuda_rules import cuda_autocast
from vbench_mem.probes.fake import pretending
from vbench_mem.probes.on_card import fused_dropout
from vbench_mem.probes.phases import PhaseTracker
from vbench_mem.probes.predict import summarise
from vbench_mem.probes.prediction import TARGETS, Prediction, Target
from vbench_mem.probes.sites import Sites
from vbench_mem.probes.trace import Trace

S = TypeVar("S")


def predict_step(
    build: Callable[[], S],
    step: Callable[[S], object],
    *,
    steps: int = 2,
    target: Target = "cpu",
) -> Prediction:
    """What the last of `steps` calls of `step` needs, on a machine that need not have it.

    `build` makes the state: a module, or anything that holds modules, optimisers and a batch, all
    on the CPU. `step` runs a whole step on it: forward, backward, the optimiser, zeroing; or
    only an inference.

        import torch
        from torch import nn
        from vbench_mem import predict_step

        def build():
            model = nn.Sequential(nn.Linear(1024, 4096), nn.GELU(), nn.Linear(4096, 1024))
            return model, torch.optim.AdamW(model.parameters()), torch.randn(64, 1024)

        def step(state):
            model, optimizer, batch = state
            model(batch).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()

        prediction = predict_step(build, step)
        assert prediction.peak_bytes < 256 * 2**20
        assert prediction.categories["parameter"] == 4 * (2 * 1024 * 4096 + 4096 + 1024)

    Args:     `steps` as many as it takes until the last is like all that follow: 2 where the first
              makes the optimiser's state, 4 where gradients are gathered over two steps. `target`
              says whose rules count: `cuda` is a card's allocator and its choice of `foreach`; the
              code itself still says `cpu`, or asks a tensor for its device.
    Values:   are known where they are small and follow from nothing large: token ids, masks,
              counters. Any other is told to be 1; whether it overflowed: no. A shape that depends
              on an unknown value raises `Unsupported`.
    Phases:   forward, backward and optimizer, found by themselves; without a backward there is only
              forward. Weights may start at random, at no cost.
    Limits:   a compiled module raises `Unsupported`, a compiled function is run uncompiled; no
              `.numpy()`; `nn.TransformerEncoder` without its fast path, which only an inference
              takes. Make all modules in `build`. `unseen` names kernels that may take more.
    Check:    equals the peak of the same step run on a cpu, to the byte.
    """
    if steps < 1:
        raise UsageError(f"steps: {steps} is too few; write 1 or more, 2 for the steady step")
    if target not in TARGETS:
        raise UsageError(f"target: '{target}' is not known{nearest(str(target), TARGETS)}")
    return summarise(follow_step(build, step, steps, target), target)


def follow_step(
    build: Callable[[], S], step: Callable[[S], object], steps: int, target: Target
) -> Trace:
    """The trace of the last of `steps`."""
    with ExitStack() as contexts:
        contexts.enter_context(alike_every_time())
        contexts.enter_context(deep_copies())
        contexts.enter_context(pretending())
        if target == "cuda":
            contexts.enter_context(cuda_autocast())
            contexts.enter_context(fused_dropout())
        sites = contexts.enter_context(Sites())
        mode = active_fake_mode()
        assert mode is not None
        tracker = PhaseTracker(sites, mode, target)
        with tracker.watching():
            tracker.timeline.begin("build")
            state = build()
            gc.collect()
            tracker.belongings.know(state)
            for number in range(1, steps + 1):
                tracker.start(number)
                step(state)
                tracker.finish()
                gc.collect()
    return tracker.written(tracker.timeline, tracker.active_modules, steps, tracker.belongings.host)


@contextmanager
def alike_every_time() -> Iterator[None]:
    """The same random numbers, and garbage that is collected between steps and never in one."""
    collecting, thaw = gc.isenabled(), not gc.get_freeze_count()
    gc.disable()
    if thaw:  # what was there before is not looked through again and again
        gc.freeze()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        if thaw:
            gc.unfreeze()
        if collecting:
            gc.enable()
