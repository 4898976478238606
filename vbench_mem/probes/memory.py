"""The memory pass: build, batch, embedding, first step and steady step, read phase by phase.

Never takes times: following storages slows a step down. The reader comes from outside, one loop for
every device.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import torch

from vbench_mem.probes.batch import Batch
from vbench_mem.probes.readers import Reader, StorageReader
from vbench_mem.probes.train_step import Enter, Trainer

MAX_STEPS = 30  # halvings that take a loss scale of 65,536 far below 1


@dataclass
class Ready:
    """What the pass leaves for the next one.

    losses        of every step so far
    steady        number of the steady step; 0 for an embedding run
    first_step_s  wall time of the first training step, with whatever it compiles
    first_embed_s the same of the first embedding
    """

    trainer: Trainer
    batch: Batch
    losses: list[float]
    steady: int = 0
    first_step_s: float | None = None
    first_embed_s: float | None = None


def announcer(reader: Reader, enter: Enter, step: int = 0) -> Enter:
    """Tell both when a phase begins: who must name it in a failure, and who reads it."""

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
) -> Ready:
    """Run the phases under a reader; without `steps` only the encoder and the batch are made.

    The embedding comes before the first step: it is read without gradients and optimiser state.
    """
    announce = announcer(reader, enter)
    with reader:
        announce("build")
        trainer = make_trainer()
        announce("batch")
        batch = make_batch()
        reader.know(trainer, batch)
        ready = Ready(trainer, batch, losses=[])
        if steps:
            embed_once(ready, reader, announce)
            if train:
                reach_steady_state(ready, reader, enter)
    return ready


def embed_once(ready: Ready, reader: Reader, announce: Enter) -> None:
    """One embedding of the batch, after another where first calls take memory for good."""
    start = perf_counter()
    announce("warm-up" if reader.warm_up else "embed")
    ready.trainer.embed(ready.batch)
    ready.first_embed_s = perf_counter() - start
    if reader.warm_up:
        announce("embed")
        ready.trainer.embed(ready.batch)
    announce("between")


def reach_steady_state(ready: Ready, reader: Reader, enter: Enter) -> None:
    """Step until two updates were taken: the first makes the optimiser's state, then it is there.

    A loss scaler skips updates until its scale fits; those steps have no place in the numbers.
    """
    trainer, taken, start = ready.trainer, 0, perf_counter()
    while taken < 2:
        ready.steady += 1
        if ready.steady > MAX_STEPS:
            raise FloatingPointError(f"gradients overflowed in {MAX_STEPS} steps; nothing trains")
        scale = trainer.scaler.get_scale()
        loss = float(trainer.step(ready.batch, announcer(reader, enter, ready.steady)))
        ready.losses.append(finite(loss, f"step {ready.steady} of the memory pass"))
        if ready.first_step_s is None:
            ready.first_step_s = perf_counter() - start
        taken += trainer.scaler.get_scale() >= scale


def finite(loss: float, where: str) -> float:
    """The loss itself; raises `FloatingPointError` for one that is not a number."""
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss} in {where}; its numbers would mean nothing")
    return loss


def follow_once(ready: Ready, device: torch.device) -> StorageReader:
    """One more step (or embedding), followed by storages on a device whose own statistics know
    neither categories nor kernels."""
    reader = StorageReader(device.type)
    with reader:
        reader.know(ready.trainer, ready.batch)
        if ready.steady:
            loss = float(ready.trainer.step(ready.batch, announcer(reader, lambda _: None, 1)))
            ready.losses.append(finite(loss, "the step followed for categories"))
        else:
            reader.begin("embed")
            ready.trainer.embed(ready.batch)
    return reader
