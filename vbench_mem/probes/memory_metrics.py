"""From what a reader read to the metrics of a record, and a reason for each that is not there."""

from collections.abc import Mapping
from dataclasses import asdict

import torch

from vbench_mem.probes.measured import Measured
from vbench_mem.probes.memory import Ready, follow_once
from vbench_mem.probes.readers import AllocatorReader, PhaseMemory, Reader, StorageReader

STEP_METRICS = ("peak_alloc_bytes", "steady_bytes", "embed_peak_bytes")
TRAIN_METRICS = ("forward_peak_bytes", "backward_peak_bytes", "optimizer_peak_bytes")
CATEGORY_METRICS = {
    "parameter": "parameter_bytes",
    "gradient": "gradient_bytes",
    "optimizer": "optimizer_bytes",
    "input": "input_bytes",
    "activation": "activation_bytes",
    "temporary": "temporary_bytes",
}


def memory_metrics(ready: Ready, reader: Reader, device: torch.device, *, train: bool) -> Measured:
    """Everything the memory pass is asked for; may follow one more step for the categories."""
    found = summarise(reader.phases(), ready.steady)
    found.details["memory_method"] = reader.method
    if isinstance(reader, StorageReader):
        put_host(found, reader, ready, train=train)
    elif isinstance(reader, AllocatorReader):
        put_card(found, reader, ready, device)
    if not train:
        found.lack("an embedding run has no training step", *TRAIN_METRICS)
    return found


def summarise(phases: list[PhaseMemory], steady: int) -> Measured:
    """`steady` is the number of the steady step, 0 for an embedding run."""
    found, last = Measured(), {phase.phase: phase for phase in phases}
    found.put(build_bytes=last["build"].end_bytes)
    found.details["phases"] = [asdict(phase) for phase in phases]
    if "embed" not in last:
        return found
    found.put(embed_peak_bytes=last["embed"].peak_bytes, steady_bytes=last["between"].end_bytes)
    if not steady:
        found.put(peak_alloc_bytes=last["embed"].peak_bytes)
        return found
    peaks = {phase.phase: phase.peak_bytes for phase in phases if phase.step == steady}
    ends = [phase.end_bytes for phase in phases if phase.phase == "between"]
    found.put(
        peak_alloc_bytes=max(peaks.values()),
        forward_peak_bytes=peaks["forward"],
        backward_peak_bytes=peaks["backward"],
        optimizer_peak_bytes=peaks["optimizer"],
    )
    found.details |= {
        "steady_step": steady,
        "skipped_updates": steady - 2,
        "first_step_peak_bytes": max(phase.peak_bytes for phase in phases if phase.step == 1),
        "growth_of_last_step_bytes": ends[-1] - ends[-2],  # a leak, if it is not 0
    }
    return found


def put_categories(found: Measured, categories: Mapping[str, int]) -> None:
    """The rest of the peak (rounding, workspaces) is temporary, so that the categories sum up."""
    peak = found.metrics["peak_alloc_bytes"]
    assert isinstance(peak, int)
    unseen = peak - sum(categories.values())
    found.details["peak_bytes_outside_tensors"] = unseen
    for category, metric in CATEGORY_METRICS.items():
        found.put(**{metric: categories[category] + (unseen if category == "temporary" else 0)})


def put_followed(found: Measured, followed: StorageReader, step: int) -> None:
    """What only a dispatch mode sees: what each byte was for, and which kernel `auto` took."""
    put_categories(found, followed.categories(step))
    found.details["attention_kernels"] = sorted(followed.tracker.attention)


def put_host(found: Measured, reader: StorageReader, ready: Ready, *, train: bool) -> None:
    if ready.trainer.compiled:
        found.lack(
            "the kernels of a compiled step allocate out of torch's sight on a cpu",
            *STEP_METRICS,
            *CATEGORY_METRICS.values(),
            *(TRAIN_METRICS if train else ()),  # else they have a reason of their own
        )
    else:
        put_followed(found, reader, ready.steady)
    found.lack("a cpu has no caching allocator", "peak_reserved_bytes")
    found.lack("NVML reads CUDA devices, not a cpu", "process_bytes", "device_bytes")


def put_card(found: Measured, reader: AllocatorReader, ready: Ready, device: torch.device) -> None:
    reserved = [phase.reserved_bytes for phase in reader.phases()]
    found.put(peak_reserved_bytes=max(held for held in reserved if held is not None))
    found.take("process_bytes", reader.process.number, reader.process.reason)
    found.take("device_bytes", reader.device.number, reader.device.reason)
    if ready.trainer.compiled:
        names = CATEGORY_METRICS.values()
        found.lack("the tensors of a compiled step cannot be followed one by one", *names)
        return
    try:
        followed = follow_once(ready, device)
    except torch.OutOfMemoryError:
        # what was measured before stands: the step did fit, and only following it holds on longer
        found.lack("the step followed for them ran out of memory", *CATEGORY_METRICS.values())
        return
    put_followed(found, followed, 1 if ready.steady else 0)
    found.details["categories_method"] = "storages followed in one more step"
