"""What everything must fit into: a card, a number of bytes, or this machine. No torch."""

from dataclasses import dataclass

from vbench_mem.base.errors import UsageError
from vbench_mem.base.units import format_bytes
from vbench_mem.machine.cards import parse_card, present_card
from vbench_mem.machine.environment import read_environment
from vbench_mem.machine.host import host_bytes
from vbench_mem.probes.prediction import Target


@dataclass(frozen=True)
class MemoryLimit:
    """`bytes` are there for certain; `chosen` says why it is this one where nobody named it."""

    name: str
    bytes: int
    target: Target
    chosen: str | None = None

    @property
    def title(self) -> str:
        size = format_bytes(self.bytes)
        return self.name if size in self.name else f"{self.name}, {size}"


def find_room(card: str | None) -> MemoryLimit:
    """The card or the bytes named; else this machine's card; else its memory, by a cpu's rules.

    Raises `UsageError` for a card that nobody knows, and where this machine says nothing.
    """
    if card is not None:
        named = parse_card(card)
        return MemoryLimit(named.title, named.memory_bytes, "cuda")
    present = present_card(read_environment("auto"))
    if present is not None:
        chosen = "no --card given: this machine's card"
        return MemoryLimit(present.title, present.memory_bytes, "cuda", chosen)
    size = host_bytes()
    if size is None:
        raise UsageError("this machine does not say its memory; name a card, such as --card 16GiB")
    chosen = "no --card given and no card here: this machine's memory, by the rules of a cpu"
    return MemoryLimit("this machine's memory", size, "cpu", chosen)
