"""Two ways to read memory phase by phase: allocator statistics, or every storage tracked.

Enter a reader, call `begin` at the start of each phase, leave it, and call `phases`. `warm_up` says
that first calls allocate permanently, outside of the phase's own memory.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Self

from vbench_mem.machine.nvml import Gpu, Reading
from vbench_mem.probes import resident
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.storages import StorageTracker
from vbench_mem.probes.timeline import TEMPORARY, summed
from vbench_mem.probes.train_step import Trainer


@dataclass(frozen=True, kw_only=True)
class PhaseMemory:
    """One phase of one step. Units: bytes; `end_bytes` is what was held at its end.

    Fields that only a card has are None on a cpu, and so is what NVML does not report.
    """

    phase: str
    step: int
    peak_bytes: int
    end_bytes: int
    host_peak_bytes: int
    reserved_bytes: int | None = None
    process_bytes: float | None = None
    device_bytes: float | None = None


class AllocatorReader:
    """torch's caching allocator, its peaks reset when a phase begins, and NVML where one ends."""

    method = "caching allocator (CUDA)"
    warm_up = True  # cuBLAS and cuDNN take their workspaces at first use

    def __init__(self, allocator: ModuleType, driver: Gpu | None, reason: str | None) -> None:
        """`allocator` is `torch.cuda`."""
        self.allocator, self.driver = allocator, driver
        self.process = self.device = Reading(None, reason)
        self.done: list[PhaseMemory] = []
        self.running: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:  # after a failure the device may not respond
            self.end()

    def begin(self, phase: str, step: int = 0) -> None:
        self.end()  # waits for the device: what is still queued belongs to the phase before
        resident.reset_peak()
        self.allocator.reset_peak_memory_stats()
        self.running = phase, step

    def end(self) -> None:
        if self.running is None:
            return
        self.allocator.synchronize()
        phase, step = self.running
        unread = Reading(None, None)
        process = self.driver.process_bytes() if self.driver else unread
        device = self.driver.device_bytes() if self.driver else unread
        self.done.append(
            PhaseMemory(
                phase=phase,
                step=step,
                peak_bytes=self.allocator.max_memory_allocated(),
                end_bytes=self.allocator.memory_allocated(),
                host_peak_bytes=resident.take_peak(),
                reserved_bytes=self.allocator.max_memory_reserved(),
                process_bytes=process.number,
                device_bytes=device.number,
            )
        )
        self.running = None
        if self.driver is not None:
            self.process, self.device = larger(self.process, process), larger(self.device, device)

    def register(self, trainer: Trainer, batch: Batch) -> None:
        """Does nothing: statistics have no categories."""

    def phases(self) -> list[PhaseMemory]:
        return self.done


def larger(one: Reading, other: Reading) -> Reading:
    """The larger reading; a failed one is returned only where neither has a number."""
    if other.number is None:
        return one if one.number is not None else other
    return other if one.number is None or other.number > one.number else one


class StorageReader(StorageTracker):
    """Records every allocation and release, phase by phase, and the category of each storage."""

    method = "storages tracked (CPU)"
    warm_up = False

    def __init__(self, device: str | None = None) -> None:
        super().__init__(device)
        self.trainer: Trainer | None = None
        self.host_peaks: list[int] = []

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if not self.entered:
            self.host_peaks.append(resident.take_peak())

    def begin(self, phase: str, step: int = 0) -> None:
        if self.timeline.marks:
            self.host_peaks.append(resident.take_peak())
        else:
            resident.reset_peak()
        if self.trainer is not None and phase == "optimizer":
            self.tag("gradient", self.trainer.gradients())
        if self.trainer is not None and phase == "between":
            self.tag("optimizer", self.trainer.optimizer_state())
        self.timeline.begin(phase, step)

    def register(self, trainer: Trainer, batch: Batch) -> None:
        """Call it once the encoder and the batch exist, made under this reader or before it."""
        self.trainer = trainer
        self.tag("parameter", [*trainer.encoder.parameters(), *trainer.encoder.buffers()])
        self.tag("input", batch.tensors())
        self.tag("optimizer", trainer.optimizer_state())

    def categories(self, step: int) -> dict[str, int]:
        """Bytes by category at the peak of one training step, or of the embedding (step 0)."""
        spans = self.timeline.of_step(step)
        category = self.timeline.categories(self.tags, spans)
        held = self.timeline.held_at(self.timeline.peak(*spans).events)
        return summed((category.get(block, TEMPORARY), size) for block, size in held.items())

    def phases(self) -> list[PhaseMemory]:
        levels = self.timeline.levels()
        return [
            PhaseMemory(
                phase=span.phase,
                step=span.step,
                peak_bytes=max(levels[span.start : span.stop + 1]),
                end_bytes=levels[span.stop],
                host_peak_bytes=host,
            )
            for span, host in zip(self.timeline.spans(), self.host_peaks, strict=True)
        ]


Reader = AllocatorReader | StorageReader
