"""The memory of any training step, predicted without running it: all tensors of it are fake."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from torch._guards import active_fake_mode

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.machine.cards import parse_card
from vbench_mem.probes.allocator_options import parse_options
from vbench_mem.probes.card_names import card_words
from vbench_mem.probes.cuda.attention import CudaRules
from vbench_mem.probes.cuda.device import CudaDevice
from vbench_mem.probes.cuda.dispatch import dispatched_as_on
from vbench_mem.probes.data_born import fake_at_birth
from vbench_mem.probes.fake_mode import fake_tensors
from vbench_mem.probes.growth import warn_of_growth
from vbench_mem.probes.module_tracker import ModuleTracker
from vbench_mem.probes.packed import packed_sequences
from vbench_mem.probes.phases import PhaseTracker
from vbench_mem.probes.predict import device_of, summarise
from vbench_mem.probes.prediction import TARGETS, Prediction, Target
from vbench_mem.probes.program_forms import common_forms
from vbench_mem.probes.refused import in_one_sentence, refuse_module, without_ranks
from vbench_mem.probes.threads import followed_threads
from vbench_mem.probes.trace import Trace
from vbench_mem.probes.unchanged import unchanged_process

S = TypeVar("S")


def predict_step(
    build: Callable[[], S],
    step: Callable[..., object],
    *,
    steps: int | Sequence[object] = 2,
    target: Target = "cpu",
    card: str | None = None,
    allocator: str | None = None,
) -> Prediction:
    """The memory that the last of `steps` calls of `step` needs; the machine need not have it.

    `build` makes the state: a module, or anything that holds modules, optimisers and a batch.
    `step` runs a whole step on it: forward, backward, the optimiser, zeroing; or only an inference.

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

    Args:     `steps` as many as it takes until the last is like all later ones: 2 where the first
              makes the optimiser's state, 4 where gradients are accumulated over two steps. A
              list is for steps of unlike shapes: `step(state, item)` runs for each of its items,
              and the prediction is of all of them, with the first step and what unlike blocks
              leave unused between them.
              `target` selects the rules: `cuda` is a card's allocator, its autocast and its choice
              of kernels. `.to("cuda")`, `.cuda()`, `device="cuda"`, `torch.autocast("cuda")` and
              `GradScaler("cuda")` then mean that card, which no machine need have; a program that
              puts anything on it keeps the rest of its data on the host, and one that says nothing
              has everything on it. `card` names one, such as `rtx4090` or `NVIDIA H200`, or its
              memory (`24 GiB`), and stands for `target="cuda"`. `allocator` is as in
              `PYTORCH_ALLOC_CONF`, which counts where nothing is given:
              `expandable_segments:True,max_split_size_mb:128`.
    Values:   are known where they are small and depend on nothing large: token ids, masks,
              counters. Any other reads as 1 and as not overflowed, and passes a check that would
              raise an error; a loop that waits for one ends. A shape that depends on an unknown
              value raises `Unsupported`.
    Phases:   forward, backward and optimizer are detected; without a backward there is only
              forward. Random initialisation of weights costs nothing; weights read from a file
              count as the parameters that they become.
    Growth:   memory that grows from step to step is a warning, and `growth_bytes` of the result.
    Process:  modes, defaults, random numbers, environment and folder are afterwards as before;
              `torch.save` writes nothing, and a loader's workers do their work in this process.
    Limits:   raises `Unsupported` with what to write instead: for modules made outside of `build`,
              a compiled module (a compiled function, and `module.compile()`, run uncompiled),
              `.numpy()`, DDP and FSDP, a second card, a card's streams and events.
              `nn.TransformerEncoder` is without its fast path, which only an inference takes.
              `unseen` names kernels that may take more.
    Check:    equals the peak of the same step run on a cpu, to the byte; of sparse gradients but
              for a few lists of indices.
    """
    if isinstance(steps, bool | str) or not isinstance(steps, int | Sequence):
        raise UsageError(f"steps: {steps!r} is no number of steps and no list of their items")
    if not steps or (isinstance(steps, int) and steps < 1):
        raise UsageError(
            f"steps: {steps} is too few; write 1 or more, 2 for the steady step, or a list with an "
            "item for each step"
        )
    for name, text in (("card", card), ("allocator", allocator)):
        if not isinstance(text, str | None):
            raise UsageError(f"{name}: {text!r} is no text; write it in quotes")
    if target not in TARGETS:
        raise UsageError(f"target: '{target}' is not known{nearest(str(target), TARGETS)}")
    named = parse_card(card) if card is not None else target
    device = device_of(named, options=parse_options(allocator))
    trace = trace_step(build, step, steps, device)
    prediction = summarise(trace, device)
    warn_of_growth(trace, prediction.growth_bytes)
    return prediction


def trace_step(
    build: Callable[[], S],
    step: Callable[..., object],
    steps: int | Sequence[object],
    device: CudaDevice | None,
) -> Trace:
    """The trace of the last of `steps`; of all of them where they have items, as one step."""
    calls = (
        [(number, ()) for number in range(1, steps + 1)]
        if isinstance(steps, int)
        else [(1, (item,)) for item in steps]
    )
    with ExitStack() as contexts:
        contexts.enter_context(in_one_sentence())
        contexts.enter_context(unchanged_process())
        contexts.enter_context(reproducible())
        contexts.enter_context(fake_tensors())
        rules = None if device is None else CudaRules("auto", device.chip)
        replaced = contexts.enter_context(dispatched_as_on(rules))
        modules = contexts.enter_context(ModuleTracker())
        mode = active_fake_mode()
        assert mode is not None
        tracker = PhaseTracker(modules, mode, rules, replaced)
        contexts.enter_context(common_forms(tracker))
        contexts.enter_context(fake_at_birth(tracker.as_fake))
        contexts.enter_context(packed_sequences(tracker))
        contexts.enter_context(without_ranks())
        contexts.enter_context(card_words(tracker.calls))
        contexts.enter_context(followed_threads(tracker.calls, mode, tracker))
        with tracker.watching():
            tracker.timeline.begin("build")
            state = build()
            gc.collect()
            tracker.tagger.register(state)
            for each in (module for root in modules.roots for module in root.modules()):
                refuse_module(each)
            tracker.tags["input"].update(tracker.timeline.live)  # whatever else `build` made
            tracker.calls.built(tracker.tags["parameter"] | tracker.tags["optimizer"])
            for number, items in calls:
                tracker.start(number)
                step(state, *items)
                tracker.finish()
                gc.collect()
    host = tracker.tagger.host | tracker.calls.host_blocks()
    return tracker.to_trace(tracker.timeline, tracker.active_modules, calls[-1][0], host)


@contextmanager
def reproducible() -> Iterator[None]:
    """A fixed random seed, and garbage collection between steps but never within one."""
    collecting, thaw = gc.isenabled(), not gc.get_freeze_count()
    gc.disable()
    if thaw:  # objects that existed before are not scanned at every collection
        gc.freeze()
    try:
        torch.manual_seed(0)
        yield
    finally:
        if thaw:
            gc.unfreeze()
        if collecting:
            gc.enable()
