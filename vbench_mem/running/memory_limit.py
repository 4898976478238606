"""The memory limit of a cell, and whether its predicted memory fits in it. No torch.

A cell is too large only where that is certain: its allocated bytes alone exceed the limit.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vbench_mem.base.units import format_bytes
from vbench_mem.machine.cards import Card
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target

Where = Literal["device", "host"]


class Fit(StrEnum):
    """Whether a cell fits in the available memory, as far as predictions can say."""

    FITS = "fits"
    TIGHT = "tight"  # the tensors fit; with the rest of the process they may not
    TOO_LARGE = "does not fit"  # the tensors alone need more than the largest possible memory


@dataclass(frozen=True, kw_only=True)
class MemoryLimit:
    """The available memory: between `sure_bytes` and `most_bytes`.

    of          whose memory, for a sentence: `NVIDIA H100 80GB HBM3`, `this host`
    is_virtual  the protocol's limit, which counts what torch holds without the driver's context
    """

    sure_bytes: int
    most_bytes: int
    of: str
    where: Where
    is_virtual: bool = False


def memory_limit_of(
    cell: Cell, target: Target, card: Card | None, host_memory: int | None
) -> MemoryLimit | None:
    """The protocol's limit or the memory of the card or host, whichever is less; None: unknown."""
    where: Where = "device" if target == "cuda" else "host"
    memory_limit = None
    if where == "device" and card is not None:
        least, most = card.memory_bytes, card.most_bytes
        memory_limit = MemoryLimit(sure_bytes=least, most_bytes=most, of=card.title, where=where)
    elif where == "host" and host_memory is not None:
        memory_limit = MemoryLimit(
            sure_bytes=host_memory, most_bytes=host_memory, of="this host", where=where
        )
    limit = cell.protocol.memory_limit_bytes
    if limit is None or (memory_limit is not None and memory_limit.most_bytes <= limit):
        return memory_limit
    return MemoryLimit(
        sure_bytes=limit if memory_limit is None else min(limit, memory_limit.sure_bytes),
        most_bytes=limit,
        of="protocol.memory_limit_bytes",
        where=where,
        is_virtual=True,
    )


def largest_peak(prediction: Prediction) -> tuple[int, str]:
    """The largest peak of all phases that a burst runs, and that phase. A burst also embeds, and
    embedding sees all tokens."""
    phases = {prediction.peak_phase: prediction.peak_bytes} | dict(prediction.phases)
    phase = max(phases, key=lambda name: phases[name])
    return phases[phase], phase


def predicted_use(prediction: Prediction, memory_limit: MemoryLimit) -> tuple[int, str]:
    """The bytes that the process is predicted to use of this memory, and what they include."""
    most = largest_peak(prediction)[0]
    if memory_limit.is_virtual and (prediction.reserved_bytes or 0) > most:
        return prediction.reserved_bytes or 0, "reserved by the allocator"
    if not memory_limit.is_virtual and (prediction.process_bytes or 0) > most:
        return prediction.process_bytes or 0, "with the CUDA context and the allocator's reserve"
    return most, "allocated"


def fit(prediction: Prediction, memory_limit: MemoryLimit) -> tuple[Fit, str | None]:
    """Whether it fits, and the reason if it does not or may not."""
    bytes_needed, phase = largest_peak(prediction)
    if bytes_needed > memory_limit.most_bytes:
        of = f"the {format_bytes(memory_limit.most_bytes)} of {memory_limit.of}"
        return Fit.TOO_LARGE, f"{format_bytes(bytes_needed)} in {phase}, more than {of}"
    whole, what = predicted_use(prediction, memory_limit)
    if whole <= memory_limit.sure_bytes:
        return Fit.FITS, None
    size = f"{format_bytes(memory_limit.sure_bytes)} of {memory_limit.of}"
    if memory_limit.sure_bytes == memory_limit.most_bytes:
        return Fit.TIGHT, f"{format_bytes(whole)} {what}, more than the {size}"
    return Fit.TIGHT, f"{format_bytes(whole)} {what}, and only {size} are guaranteed"


@dataclass(frozen=True)
class PredictedOom:
    """A cell that is skipped because it needs more memory than is available."""

    prediction: Prediction
    memory_limit: MemoryLimit

    @property
    def bytes(self) -> int:
        return largest_peak(self.prediction)[0]

    @property
    def phase(self) -> str:
        return largest_peak(self.prediction)[1]

    @property
    def reason(self) -> str:
        size, there = format_bytes(self.bytes), format_bytes(self.memory_limit.most_bytes)
        return (
            f"predicted to need {size}, more than the {there} of {self.memory_limit.of}; "
            "set try_predicted: true to run it anyway"
        )
