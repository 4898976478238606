"""The memory that a cell has, and whether what it is predicted to need fits in it. No torch.

Only what is certain is called not to fit: the allocated bytes alone must be more than there can be.
"""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.base.units import format_bytes
from vbench_mem.machine.cards import Card
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.prediction import Prediction, Target

Fit = Literal["fits", "tight", "does not fit"]
Where = Literal["device", "host"]


@dataclass(frozen=True, kw_only=True)
class Room:
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


def room_of(cell: Cell, target: Target, card: Card | None, host_memory: int | None) -> Room | None:
    """The smaller of the protocol's limit and what the card, or the host, has; None unknown."""
    room = room_of_device(card) if target == "cuda" else room_of_host(host_memory)
    limit = cell.protocol.memory_limit_bytes
    if limit is None or (room is not None and room.most_bytes <= limit):
        return room
    return Room(
        sure_bytes=limit if room is None else min(limit, room.sure_bytes),
        most_bytes=limit,
        of="protocol.memory_limit_bytes",
        where="device" if target == "cuda" else "host",
        is_virtual=True,
    )


def room_of_device(card: Card | None) -> Room | None:
    if card is None:
        return None
    least, most = card.memory_bytes, card.most_bytes
    return Room(sure_bytes=least, most_bytes=most, of=card.title, where="device")


def room_of_host(size: int | None) -> Room | None:
    if size is None:
        return None
    return Room(sure_bytes=size, most_bytes=size, of="this host", where="host")


def needed(prediction: Prediction) -> tuple[int, str]:
    """The largest peak of all that a burst runs, and its phase. It embeds beside training, and a
    masked encoder embeds unmasked."""
    phases = {prediction.peak_phase: prediction.peak_bytes} | dict(prediction.phases)
    phase = max(phases, key=lambda name: phases[name])
    return phases[phase], phase


def held(prediction: Prediction, room: Room) -> tuple[int, str]:
    """What the process is predicted to hold of this memory, and what that counts."""
    most = needed(prediction)[0]
    if room.is_virtual and (prediction.reserved_bytes or 0) > most:
        return prediction.reserved_bytes or 0, "with what the allocator holds"
    if not room.is_virtual and (prediction.process_bytes or 0) > most:
        return prediction.process_bytes or 0, "with the CUDA context and what the allocator holds"
    return most, "allocated"


def fit(prediction: Prediction, room: Room) -> tuple[Fit, str | None]:
    """Whether it fits, and why not where it does not or may not."""
    bytes_needed, phase = needed(prediction)
    if bytes_needed > room.most_bytes:
        of = f"the {format_bytes(room.most_bytes)} of {room.of}"
        return "does not fit", f"{format_bytes(bytes_needed)} in {phase}, more than {of}"
    whole, what = held(prediction, room)
    if whole <= room.sure_bytes:
        return "fits", None
    size = f"{format_bytes(room.sure_bytes)} of {room.of}"
    if room.sure_bytes == room.most_bytes:
        return "tight", f"{format_bytes(whole)} {what}, more than the {size}"
    return "tight", f"{format_bytes(whole)} {what}, and only {size} are certain"


@dataclass(frozen=True)
class Unfit:
    """A cell that is not tried, since it needs more than there is."""

    prediction: Prediction
    room: Room

    @property
    def bytes(self) -> int:
        return needed(self.prediction)[0]

    @property
    def phase(self) -> str:
        return needed(self.prediction)[1]

    @property
    def reason(self) -> str:
        size, there = format_bytes(self.bytes), format_bytes(self.room.most_bytes)
        return (
            f"predicted: {size} does not fit the {there} of {self.room.of}; "
            "write try_predicted: true in the matrix to try"
        )
