"""The memory pass: build, batch, embedding, first step and steady step, read phase by phase.

Never measures times: tracking storages slows a step down.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import torch

from vbench_mem.probes.batch import Batch
from vbench_mem.probes.readers import Reader, StorageReader
from vbench_mem.probes.train_step import Enter, Trainer, quiet

MAX_STEPS = 30  # enough halvings to bring a loss scale of 65,536 far below 1


@dataclass
class MemoryRun:
    """The state after the memory pass, from which the time pass continues.

    losses        of every step so far
    steady        number of the steady step; 0 for an embedding run
    first_step_s  wall time of the first training step, with compilation
    first_embed_s the same of the first embedding
    """

    trainer: Trainer
    batch: Batch
    losses: list[float]
    steady: int = 0
    first_step_s: float | None = None
    first_embed_s: float | None = None


def announcer(reader: Reader, enter: Enter, step: int = 0) -> Enter:
    """A function that reports the start of a phase to `enter` and to the reader."""

    def announce(phase: str) -> None:
        if phase != "between":  # nothing runs there that could fail
            enter(phase)
        reader.begin(phase, step)

    return announce


def memory_pass(
    reader: Reader,
    enter: Enter,
    make_trainer: Callable[[], Trainer],
    make_batch: Callable[[], Batch],
    *,
    train: bool,
    steps: bool = True,
) -> MemoryRun:
    """Run the phases under a reader; without `steps` only the encoder and the batch are made.

    The embedding comes before the first step: it is read without gradients and optimiser state.
    """
    announce = announcer(reader, enter)
    with reader:
        announce("build")
        trainer = make_trainer()
        announce("batch")
        batch = make_batch()
        reader.register(trainer, batch)
        run = MemoryRun(trainer, batch, losses=[])
        if steps:
            embed_once(run, reader, announce)
            if train:
                reach_steady_state(run, reader, enter)
    return run


def embed_once(run: MemoryRun, reader: Reader, announce: Enter) -> None:
    """One embedding of the batch, after a first one where first calls allocate permanently."""
    start = perf_counter()
    announce("warm-up" if reader.warm_up else "embed")
    run.trainer.embed(run.batch)
    run.first_embed_s = perf_counter() - start
    if reader.warm_up:
        announce("embed")
        run.trainer.embed(run.batch)
    announce("between")


def reach_steady_state(run: MemoryRun, reader: Reader, enter: Enter) -> None:
    """Step until two updates were made: the first allocates the optimiser's state.

    A loss scaler skips updates until its scale fits; those steps are not in the numbers.
    """
    trainer, updates, start = run.trainer, 0, perf_counter()
    while updates < 2:
        run.steady += 1
        if run.steady > MAX_STEPS:
            raise FloatingPointError(f"gradients overflowed in all of {MAX_STEPS} steps")
        scale = trainer.scaler.get_scale()
        loss = float(trainer.step(run.batch, announcer(reader, enter, run.steady)))
        run.losses.append(finite(loss, f"step {run.steady} of the memory pass"))
        if run.first_step_s is None:
            run.first_step_s = perf_counter() - start
        updates += trainer.scaler.get_scale() >= scale


def finite(loss: float, where: str) -> float:
    """The loss itself; raises `FloatingPointError` for one that is not a number."""
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss} in {where}; its numbers mean nothing")
    return loss


def track_once(run: MemoryRun, device: torch.device) -> StorageReader:
    """One more step (or embedding) with every storage tracked, on a device whose own statistics
    have neither categories nor kernels."""
    reader = StorageReader(device.type)
    with reader:
        reader.register(run.trainer, run.batch)
        if run.steady:
            loss = float(run.trainer.step(run.batch, announcer(reader, quiet, 1)))
            run.losses.append(finite(loss, "the tracked step"))
        else:
            reader.begin("embed")
            run.trainer.embed(run.batch)
    return reader
