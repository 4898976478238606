"""From the phases of a reader to the metrics of a record, with a reason for each missing one."""

from collections.abc import Mapping
from dataclasses import asdict

import torch

from vbench_mem.base.memory_errors import is_out_of_memory
from vbench_mem.probes.measured import NO_ALLOCATOR, NO_STEP, Measured
from vbench_mem.probes.memory import MemoryRun, track_once
from vbench_mem.probes.prediction import STEP_PHASES
from vbench_mem.probes.readers import AllocatorReader, PhaseMemory, Reader, StorageReader
from vbench_mem.probes.timeline import CATEGORIES, TEMPORARY

STEP_METRICS = ("peak_alloc_bytes", "steady_bytes", "embed_peak_bytes")
TRAIN_METRICS = tuple(f"{phase}_peak_bytes" for phase in STEP_PHASES)
CATEGORY_METRICS = tuple(f"{category}_bytes" for category in CATEGORIES)


def memory_metrics(
    run: MemoryRun, reader: Reader, device: torch.device, *, train: bool
) -> Measured:
    """All metrics of the memory pass; may run one more, tracked, step for the categories."""
    found = summarise(reader.phases(), run.steady)
    found.details["memory_method"] = reader.method
    if isinstance(reader, StorageReader):
        put_host(found, reader, run, train=train)
    else:
        put_card(found, reader, run, device)
    if not train:
        found.lack(NO_STEP, *TRAIN_METRICS)
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
    found.put(peak_alloc_bytes=max(peaks.values()))
    found.put(**{f"{phase}_peak_bytes": peaks[phase] for phase in STEP_PHASES})
    found.details |= {
        "steady_step": steady,
        "skipped_updates": steady - 2,
        "first_step_peak_bytes": max(phase.peak_bytes for phase in phases if phase.step == 1),
        "growth_of_last_step_bytes": ends[-1] - ends[-2],  # anything but 0 is a leak
    }
    return found


def put_categories(found: Measured, categories: Mapping[str, int]) -> None:
    """The rest of the peak (rounding, workspaces) is temporary: the sum is the peak."""
    peak = found.metrics["peak_alloc_bytes"]
    assert isinstance(peak, int)
    outside = peak - sum(categories.values())
    found.details["peak_bytes_outside_tensors"] = outside
    for category, size in categories.items():
        found.put(**{f"{category}_bytes": size + outside * (category == TEMPORARY)})


def put_tracked(found: Measured, tracked: StorageReader, step: int) -> None:
    """What only a dispatch mode sees: the category of each byte, and the kernels of `auto`."""
    put_categories(found, tracked.categories(step))
    found.details["attention_kernels"] = sorted(tracked.attention)


def put_host(found: Measured, reader: StorageReader, run: MemoryRun, *, train: bool) -> None:
    if run.trainer.compiled:
        found.lack(
            "the kernels of a compiled step allocate on a cpu where torch cannot see it",
            *STEP_METRICS,
            *CATEGORY_METRICS,
            *(TRAIN_METRICS if train else ()),  # an embedding run gives another reason for these
        )
    else:
        put_tracked(found, reader, run.steady)
    found.lack(NO_ALLOCATOR, "peak_reserved_bytes")
    found.lack("NVML reads CUDA devices, not a cpu", "process_bytes", "device_bytes")


def put_card(
    found: Measured, reader: AllocatorReader, run: MemoryRun, device: torch.device
) -> None:
    reserved = [phase.reserved_bytes for phase in reader.phases()]
    found.put(peak_reserved_bytes=max(held for held in reserved if held is not None))
    found.take("process_bytes", reader.process.number, reader.process.reason)
    found.take("device_bytes", reader.device.number, reader.device.reason)
    if run.trainer.compiled:
        found.lack("the tensors of a compiled step cannot be tracked", *CATEGORY_METRICS)
        return
    try:
        tracked = track_once(run, device)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        # the measurement stays valid: the step fits, only tracking holds tensors longer
        found.lack("the tracked step that measures them ran out of memory", *CATEGORY_METRICS)
        return
    put_tracked(found, tracked, 1 if run.steady else 0)
    found.details["categories_method"] = "storages tracked in one more step"
