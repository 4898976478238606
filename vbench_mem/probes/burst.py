"""The burst: a short training (or embedding) run of one cell, measured.

Every metric of the table comes back, as a number or as None with a reason.
"""

import traceback

import torch
from torch import Tensor

from vbench_mem.base.errors import Unsupported, error_summary
from vbench_mem.base.metrics import METRICS, PREDICTED
from vbench_mem.encoders.build import build
from vbench_mem.encoders.custom import Custom
from vbench_mem.machine.cards import card_of_driver
from vbench_mem.machine.nvml import Gpu
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import resident
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.counts import count
from vbench_mem.probes.custom_flops import count_custom
from vbench_mem.probes.device import check, claim, device_name, driver_of, resolve
from vbench_mem.probes.energy import EnergyWindow, idle_power
from vbench_mem.probes.feed import feed_for
from vbench_mem.probes.flops import count_flops
from vbench_mem.probes.measured import Measured
from vbench_mem.probes.memory import MemoryRun, finite, memory_pass
from vbench_mem.probes.memory_metrics import memory_metrics
from vbench_mem.probes.predict import predict
from vbench_mem.probes.prediction import Hardware, why_unpredicted
from vbench_mem.probes.readers import AllocatorReader, Reader, StorageReader
from vbench_mem.probes.speed import DeviceClock, HostClock, TimedSteps, time_pass
from vbench_mem.probes.speed_metrics import put_share_of_peak, speed_metrics
from vbench_mem.probes.train_step import Enter, Trainer, explicit, fix_arithmetic


def run_burst(cell: Cell, enter: Enter) -> Measured:
    """Measure a cell; `enter` is called with each phase as it begins.

    Raises `Unsupported`, before any work, for what the device cannot do, `FloatingPointError` for a
    loss that is not finite, and `torch.OutOfMemoryError`, `MemoryError` or `RuntimeError` when
    memory runs out.
    """
    device = resolve(cell.runtime.device)
    driver, reason = driver_of(device)
    idle = idle_power(driver, reason)  # first: a check already takes the card out of idle
    fixed = fix_arithmetic()
    enter("check")
    check(cell, device)
    found = Measured()
    found.details |= {
        "passes": "memory first, then time, in separate passes of one process",
        "threads": claim(cell, device),
        "explicit": explicit(cell) | fixed,
    }
    found.take("idle_power_w", *idle)
    torch.manual_seed(cell.protocol.seed)
    measure(found, cell, device, enter, driver, reason)
    put_host_peak(found)
    enter("flops")
    found.merge(count_custom(cell) if isinstance(cell.spec, Custom) else count_flops(cell))
    put_share_of_peak(found, cell, device_name(device))
    enter("predict")
    found.merge(predicted(cell, device))
    unaccounted = METRICS.keys() - found.metrics.keys()
    assert not unaccounted, f"neither measured nor missing: {sorted(unaccounted)}"
    return found


def hardware_of(device: torch.device) -> Hardware:
    """The card of the table that this is, if it is one."""
    if device.type == "cpu":
        return "cpu"
    return card_of_driver(device_name(device)) or "cuda"


def predicted(cell: Cell, device: torch.device) -> Measured:
    """The prediction for the same device beside what was measured."""
    found = Measured()
    try:
        prediction = predict(cell, hardware_of(device))
    except Unsupported as error:
        found.lack(str(error), *PREDICTED)
        return found
    except Exception as error:
        # the measurement stays valid: a user's code may read values that fake tensors lack
        found.lack(f"not predicted: {error_summary(error)}", *PREDICTED)
        found.details["not_predicted"] = traceback.format_exc()
        return found
    for name, number in prediction.metrics().items():
        found.take(name, number, why_unpredicted(name, prediction))
    found.details["prediction"] = prediction.dump()
    return found


def measure(
    found: Measured,
    cell: Cell,
    device: torch.device,
    enter: Enter,
    driver: Gpu | None,
    reason: str | None,
) -> None:
    """Both passes, with the same encoder and optimiser."""
    train = cell.load.mode == "train"
    feed = feed_for(cell, device)
    cuda = device.type == "cuda"
    reader: Reader = (
        AllocatorReader(torch.cuda, driver, reason) if cuda else StorageReader(device.type)
    )

    def make_trainer() -> Trainer:
        with device:
            encoder = build(cell.spec, cell.recipe, cell.load, cell.runtime)
        return Trainer(encoder, cell, device)

    def step(batch: Batch) -> Tensor | None:
        if train:
            return run.trainer.step(batch)
        run.trainer.embed(batch)
        return None

    # the reader cannot see a compiled step on a cpu: build and batch only
    steps = cuda or not cell.runtime.compile
    run = memory_pass(reader, enter, make_trainer, feed.first, train=train, steps=steps)
    found.merge(memory_metrics(run, reader, device, train=train))
    found.merge(count(cell, run.trainer.encoder))
    enter("time")
    clock = DeviceClock() if cuda else HostClock()
    timed = time_pass(
        step,
        feed.batches(run.batch, clock.wait),
        clock,
        EnergyWindow(driver, reason),
        warmup=cell.protocol.warmup,
        steps=cell.protocol.steps,
    )
    found.merge(speed_metrics(cell, timed, clock.method))
    feed.put_counts(found)
    put_compile(found, cell, run, timed)
    put_losses(found, run, timed, train=train)


def put_host_peak(found: Measured) -> None:
    """The largest of the phases' peaks and of the time pass's, which has just ended."""
    peak, source = resident.peak_bytes()
    phases = (phase["host_peak_bytes"] for phase in found.details["phases"])
    found.put(host_rss_bytes=max(peak, *phases))
    since = "phase" if resident.reset_peak() else "process"
    found.details["host_rss_method"] = f"{source}, since the {since}'s start"


def put_compile(found: Measured, cell: Cell, run: MemoryRun, timed: TimedSteps) -> None:
    """The first step compiles; in the memory pass, or in the time pass where that ran none."""
    if not cell.runtime.compile:
        found.lack("the encoder is not compiled", "compile_s")
        return
    train = cell.load.mode == "train"
    first = run.first_step_s if train else run.first_embed_s
    found.put(compile_s=timed.first_step_s if first is None else first)


def put_losses(found: Measured, run: MemoryRun, timed: TimedSteps, *, train: bool) -> None:
    """Raises `FloatingPointError` when a step of the time pass had no finite loss."""
    if not train:
        found.lack("an embedding run has no loss", "loss_first", "loss_last")
        return
    for number, loss in enumerate(timed.losses, start=1):
        finite(loss, f"step {number} of the time pass")
    losses = run.losses + timed.losses
    found.put(loss_first=losses[0], loss_last=losses[-1])
    found.details["losses"] = {"memory_pass": run.losses, "time_pass": timed.losses}
