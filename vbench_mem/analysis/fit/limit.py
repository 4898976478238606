"""The memory that cells must fit: a card's, a number of bytes, or this machine's. No torch."""

from dataclasses import dataclass

from vbench_mem.base.errors import UsageError
from vbench_mem.base.units import format_bytes
from vbench_mem.machine.cards import Card, parse_card, present_card
from vbench_mem.machine.environment import read_environment
from vbench_mem.machine.host import host_bytes
from vbench_mem.probes.prediction import Hardware, Target


@dataclass(frozen=True)
class FitLimit:
    """`chosen` says why this limit was taken where no card was named."""

    name: str
    bytes: int
    target: Target
    chosen: str | None = None
    card: Card | None = None

    @property
    def hardware(self) -> Hardware:
        return self.target if self.card is None else self.card

    @property
    def title(self) -> str:
        size = format_bytes(self.bytes)
        return self.name if size in self.name else f"{self.name}, {size}"


def find_limit(card: str | None) -> FitLimit:
    """The named card or bytes; else this machine's card; else its memory, by the rules of a cpu.
    Raises `UsageError` for an unknown card, and where this machine does not report its memory."""
    if card is not None:
        named = parse_card(card)
        return FitLimit(named.title, named.memory_bytes, "cuda", card=named)
    present = present_card(read_environment("auto"))
    if present is not None:
        chosen = "no --card given: this machine's card"
        return FitLimit(present.title, present.memory_bytes, "cuda", chosen, present)
    size = host_bytes()
    if size is None:
        raise UsageError(
            "the memory of this machine is not known; name a card, such as --card 16GiB"
        )
    chosen = "no --card given and no card here: this machine's memory, by the rules of a cpu"
    return FitLimit("this machine's memory", size, "cpu", chosen)
