"""The memory that a cell has, and whether what it is predicted to need fits in it. No torch.

Only what is certain is called not to fit: the allocated bytes alone must be more than there can be.
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
    """Whether a cell fits in the memory that there is, as far as predictions can say."""

    FITS = "fits"
    TIGHT = "tight"  # the tensors fit; with the rest of the process they may not
    TOO_LARGE = "does not fit"  # the tensors alone are more than there can be


@dataclass(frozen=True, kw_only=True)
class MemoryLimit:
    """What there is.

    sure_bytes  there for certain; more than `most_bytes` cannot be
    of          as a sentence says it: `NVIDIA H100 80GB HBM3`
    where       whose memory it is
    is_virtual  a limit of the protocol, which counts what torch holds and not the driver's context
    """

    sure_bytes: int
    most_bytes: int
    of: str
    where: Where
    is_virtual: bool = False


def memory_limit_of(
    cell: Cell, target: Target, card: Card | None, host_memory: int | None
) -> MemoryLimit | None:
    """The smaller of the protocol's limit and what the card, or the host, has; None unknown."""
    memory_limit = limit_of_device(card) if target == "cuda" else limit_of_host(host_memory)
    limit = cell.protocol.memory_limit_bytes
    if limit is None or (memory_limit is not None and memory_limit.most_bytes <= limit):
        return memory_limit
    return MemoryLimit(
        sure_bytes=limit if memory_limit is None else min(limit, memory_limit.sure_bytes),
        most_bytes=limit,
        of="protocol.memory_limit_bytes",
        where="device" if target == "cuda" else "host",
        is_virtual=True,
    )


def limit_of_device(card: Card | None) -> MemoryLimit | None:
    if card is None:
        return None
    least, most = card.memory_bytes, card.most_bytes
    return MemoryLimit(sure_bytes=least, most_bytes=most, of=card.title, where="device")


def limit_of_host(size: int | None) -> MemoryLimit | None:
    if size is None:
        return None
    return MemoryLimit(sure_bytes=size, most_bytes=size, of="this host", where="host")


def needed(prediction: Prediction) -> tuple[int, str]:
    """The largest peak of all that a burst runs, and its phase. It embeds beside training, and a
    masked encoder embeds unmasked."""
    phases = {prediction.peak_phase: prediction.peak_bytes} | dict(prediction.phases)
    phase = max(phases, key=lambda name: phases[name])
    return phases[phase], phase


def held(prediction: Prediction, memory_limit: MemoryLimit) -> tuple[int, str]:
    """What the process is predicted to hold of this memory, and what that counts."""
    most = needed(prediction)[0]
    if memory_limit.is_virtual and (prediction.reserved_bytes or 0) > most:
        return prediction.reserved_bytes or 0, "with what the allocator holds"
    if not memory_limit.is_virtual and (prediction.process_bytes or 0) > most:
        return prediction.process_bytes or 0, "with the CUDA context and what the allocator holds"
    return most, "allocated"


def fit(prediction: Prediction, memory_limit: MemoryLimit) -> tuple[Fit, str | None]:
    """Whether it fits, and why not where it does not or may not."""
    bytes_needed, phase = needed(prediction)
    if bytes_needed > memory_limit.most_bytes:
        of = f"the {format_bytes(memory_limit.most_bytes)} of {memory_limit.of}"
        return Fit.TOO_LARGE, f"{format_bytes(bytes_needed)} in {phase}, more than {of}"
    whole, what = held(prediction, memory_limit)
    if whole <= memory_limit.sure_bytes:
        return Fit.FITS, None
    size = f"{format_bytes(memory_limit.sure_bytes)} of {memory_limit.of}"
    if memory_limit.sure_bytes == memory_limit.most_bytes:
        return Fit.TIGHT, f"{format_bytes(whole)} {what}, more than the {size}"
    return Fit.TIGHT, f"{format_bytes(whole)} {what}, and only {size} are certain"


@dataclass(frozen=True)
class PredictedOom:
    """A cell that is not tried, since it needs more than there is."""

    prediction: Prediction
    memory_limit: MemoryLimit

    @property
    def bytes(self) -> int:
        return needed(self.prediction)[0]

    @property
    def phase(self) -> str:
        return needed(self.prediction)[1]

    @property
    def reason(self) -> str:
        size, there = format_bytes(self.bytes), format_bytes(self.memory_limit.most_bytes)
        return (
            f"predicted: {size} does not fit the {there} of {self.memory_limit.of}; "
            "write try_predicted: true in the matrix to try"
        )
